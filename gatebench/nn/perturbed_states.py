"""The output of a recurrent network as a differentiable function of its last hidden states.

T time, B batch, I input, H hidden, D directions, K steps that are perturbed.
"""

from copy import copy

import torch
from torch import Tensor

from gatebench.backends import reference
from gatebench.backends.contract import Workload
from gatebench.backends.names import AUTO
from gatebench.backends.registry import choose
from gatebench.nn.recurrent import Recurrent


def perturbed_output(layers: Recurrent, x: Tensor, lengths: Tensor | None, perturbation: Tensor) -> Tensor:
    """Return the output of all layers after numbers were added to the last K hidden states of the top layer.

    The hidden state h[t] is the output of the top layer in the forward direction. The perturbed state is what the head
    reads at step t and what the cell reads at step t + 1. So the derivative with respect to the perturbation of h[t]
    is the total derivative with respect to h[t], through all later steps. All other states, the weights and x are
    constants.

    The K steps are computed by the backend `reference`, one by one, and all steps before them by the fastest backend.

    Args:
        layers: the layers, in evaluation mode and not batch_first.
        x: (T, B, I).
        lengths: (B,) whole numbers from 0 to T; None if all sequences have T steps.
        perturbation: (K, B, H). Entry k is added to the state of the step K - 1 - k steps before the last one of a
            sequence. It is ignored if the sequence has no such step.

    Returns:
        (T, B, D · H).
    """
    T, B, _ = x.shape
    ends = torch.full((B,), T) if lengths is None else lengths.to("cpu", torch.int64)
    steps = ends - len(perturbation) + torch.arange(len(perturbation))[:, None]  # (K, B): the step of each entry
    with torch.no_grad():
        output, _ = layers(x, lengths=lengths)
        top_input = _top_input(layers, x, lengths)
        state = _state_after(layers, top_input, steps[0].clamp(min=0))
    states = _perturbed_states(layers, top_input, state, steps, perturbation)
    exists = steps >= 0
    sequences = torch.arange(B).expand_as(steps)
    place = (steps[exists].to(x.device), sequences[exists].to(x.device))
    forward = output[..., : layers.hidden_size].index_put(place, states[exists.to(x.device)])
    return torch.cat([forward, output[..., layers.hidden_size :]], -1)


def _top_input(layers: Recurrent, x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return the input of the top layer: the output of the layers below it, or x."""
    if layers.num_layers == 1:
        return x
    below = copy(layers)  # it shares the weights
    below.num_layers -= 1
    output: Tensor = below(x, lengths=lengths)[0]
    return output


def _state_after(layers: Recurrent, x: Tensor, steps: Tensor) -> tuple[Tensor, ...]:
    """Return the memory of the top layer, (B, H) each, after the first `steps` (B,) steps of each sequence."""
    state = tuple(part[0] for part in layers.initial_state(x, layers=1))
    if not steps.any():
        return state
    x = x[: int(steps.max())]
    backend = choose(AUTO, layers.cell, Workload.of(x, layers.hidden_size, shortest=int(steps.min())))
    return backend.run(layers.cell, layers.gate_parameters(layers.num_layers - 1), x, state, steps, False).state


def _perturbed_states(
    layers: Recurrent, x: Tensor, state: tuple[Tensor, ...], steps: Tensor, perturbation: Tensor
) -> Tensor:
    """Return the perturbed hidden states (K, B, H) of the given steps (K, B); a negative step changes no state."""
    weights = {name: weight.detach() for name, weight in layers.gate_parameters(layers.num_layers - 1).items()}
    inputs = x[steps.clamp(min=0).to(x.device), torch.arange(x.shape[1], device=x.device)]  # (K, B, I)
    states: list[Tensor] = []
    for k, (exists, added) in enumerate(zip((steps >= 0).unbind(0), perturbation.unbind(0), strict=True)):
        lengths = None if exists.all() else exists.long()  # 0 or 1 step of each sequence
        state = reference.run(layers.cell, weights, inputs[k : k + 1], state, lengths, False).state
        existing = added if lengths is None else torch.where(exists[:, None].to(added.device), added, 0.0)
        state = (state[0] + existing, *state[1:])
        states.append(state[0])
    return torch.stack(states)
