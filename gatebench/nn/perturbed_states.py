"""The output of a recurrent network as a differentiable function of some of its hidden states.

T time, B batch, I input, H hidden, D directions, L lags.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.names import AUTO
from gatebench.backends.registry import choose
from gatebench.nn.recurrent import Recurrent


def perturbed_output(
    layers: Recurrent, x: Tensor, lengths: Tensor | None, lags: Sequence[int], perturbation: Tensor
) -> Tensor:
    """Return the output of all layers after numbers were added to some hidden states of the top layer.

    The hidden state h[t] is the output of the top layer in the forward direction. The perturbed state is what the head
    reads at step t and what the cell reads at step t + 1. So the derivative with respect to the perturbation of h[t]
    is the total derivative with respect to h[t], through all later steps. All other states, the weights and x are
    constants.

    The fastest backend runs the steps between two lags.

    Args:
        layers: the layers, in evaluation mode and not batch_first.
        x: (T, B, I).
        lengths: (B,) whole numbers from 0 to T; None if all sequences have T steps.
        lags: L numbers of steps from the state to the last state of the sequence, ascending, from 0 to T - 1.
        perturbation: (L, B, H), added to the state of each lag. It is ignored if a sequence has no such step.

    Returns:
        (T, B, D · H).
    """
    T, B, _ = x.shape
    ends = torch.full((B,), T) if lengths is None else lengths.to("cpu", torch.int64)
    parts = _Parts.between(ends, lags)
    with torch.no_grad():
        output, _ = layers(x, lengths=lengths)
        inputs = _top_input(layers, x, lengths)[parts.steps.clamp(max=T - 1).to(x.device), _columns(parts.steps, x)]
    exists = (parts.counts > 0)[..., None].to(x.device)
    added = torch.where(exists, perturbation.flip(0), 0.0)
    outputs, states = _run_parts(layers, inputs, parts, added)
    forward = output[..., : layers.hidden_size]
    for steps, valid, values in ((parts.steps, parts.inner, outputs), (parts.last, parts.counts > 0, states)):
        valid_there = valid.to(x.device)
        forward = forward.index_put((steps[valid].to(x.device), _columns(valid, x)[valid_there]), values[valid_there])
    return torch.cat([forward, output[..., layers.hidden_size :]], -1)


@dataclass(frozen=True)
class _Parts:
    """The steps of each sequence, cut into L parts, each of which ends at a lag; R is the number of rows of all parts.

    Attributes:
        counts: (L, B) the number of steps in each part of each sequence.
        last: (L, B) the last step of each part, if it has any.
        sizes: (L,) the largest count of each part, which is the number of its rows.
        steps: (R, B) the step in each row. It has no meaning if the part of the sequence has fewer steps.
        inner: (R, B) whether there is a step in the row that is not the last one of its part.
    """

    counts: Tensor
    last: Tensor
    sizes: list[int]
    steps: Tensor
    inner: Tensor

    @classmethod
    def between(cls, ends: Tensor, lags: Sequence[int]) -> "_Parts":
        """Return the parts of sequences with the lengths `ends` (B,); the longest lag ends the first part."""
        cuts = (ends - torch.tensor(lags)[:, None]).clamp(min=0).flip(0)  # (L, B) steps up to the end of each part
        begins = torch.cat([torch.zeros_like(cuts[:1]), cuts[:-1]])
        counts = cuts - begins
        sizes: list[int] = counts.amax(1).tolist()
        part = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        row = torch.cat([torch.arange(size) for size in sizes])[:, None]
        return cls(counts, cuts - 1, sizes, begins[part] + row, row < counts[part] - 1)


def _columns(like: Tensor, x: Tensor) -> Tensor:
    """Return the number of each sequence in the shape of `like` (·, B), on the device of x."""
    return torch.arange(like.shape[1], device=x.device).expand_as(like)


def _run_parts(layers: Recurrent, x: Tensor, parts: _Parts, added: Tensor) -> tuple[Tensor, Tensor]:
    """Run the forward direction of the top layer, part by part, and add numbers to h at the end of each part.

    Args:
        layers: all layers.
        x: (R, B, ·) the input of the top layer in each row of the parts.
        parts: the parts.
        added: (L, B, H).

    Returns:
        The outputs of all rows without the numbers, (R, B, H), and h after each part, (L, B, H).
    """
    weights = {name: w.detach() for name, w in layers.gate_parameters(layers.num_layers - 1).items()}
    state = tuple(part[0] for part in layers.initial_state(x, layers=1))
    outputs: list[Tensor] = []
    states: list[Tensor] = []
    for part, counts, number in zip(torch.split(x, parts.sizes), parts.counts, added.unbind(0), strict=True):
        if len(part):
            result = _run_part(layers, weights, part, state, counts)
            outputs.append(result.output)
            state = result.state
        state = (state[0] + number, *state[1:])
        states.append(state[0])
    return torch.cat(outputs), torch.stack(states)


def _run_part(
    layers: Recurrent, weights: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...], counts: Tensor
) -> LayerResult:
    """Run the first `counts` (B,) steps of x with the fastest backend."""
    shortest = int(counts.min())
    lengths = None if shortest == len(x) else counts
    work = Workload.of(x, layers.hidden_size, shortest=None if lengths is None else shortest)
    return choose(AUTO, layers.cell, work).run(layers.cell, weights, x, state, lengths, False)


def _top_input(layers: Recurrent, x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return the input of the top layer: the output of the layers below it, or x."""
    if layers.num_layers == 1:
        return x
    below = copy(layers)  # it shares the weights
    below.num_layers -= 1
    output: Tensor = below(x, lengths=lengths)[0]
    return output
