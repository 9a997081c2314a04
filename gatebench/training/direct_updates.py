"""The steps of torch's optimisers on the CPU, with fewer and cheaper operations and the same results to the last bit.

torch's `foreach` functions are made for GPUs. On a CPU they are one small operation for each weight, and around them a
step sorts the weights by device and type, looks up their states, and turns each number into a tensor for each weight.
For the small weights of a recurrent network this takes longer than the arithmetic. Here

- the states of all weights are parts of one tensor, so that an operation on states alone is one operation. These are
  products, roots, quotients and sums of an element and a number, which IEEE 754 rounds in one way only;
- operations that also read weights or gradients remain one for each weight. Some of them may be fused by the compiler
  of torch in a different way at the end of a tensor, so that their last bit could depend on its place in memory;
- a number is a tensor already. It has the type of the weights, to which torch would convert it.

`optimizer.state` has the entries that torch gives it: checkpoints do not change, and torch can make any of the steps.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

Group = dict[str, Any]
"""The settings of an optimiser: "lr", "momentum", …."""


def update_of(optimizer: optim.Optimizer) -> Callable[[optim.Optimizer], object]:
    """Return the function that changes the weights, to be called without gradients; its argument is the optimiser.

    It is that of this module for torch's SGD, Adam, AdamW and RMSprop with weights in float32 on the CPU, else torch's.

    Args:
        optimizer: the optimiser, before its first step or with the states of a checkpoint.
    """
    plain = inner_step(optimizer)
    rule = RULES.get(type(optimizer))
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    is_usual = len(optimizer.param_groups) == 1 and all(one.is_cpu and one.dtype == torch.float32 for one in weights)
    if rule is None or not is_usual or plain is type(optimizer).step:
        return plain
    return DirectUpdate(plain, rule, weights)


def inner_step(optimizer: optim.Optimizer) -> Callable[[optim.Optimizer], object]:
    """Return the function that changes the weights: the method `step` without torch's wrappers.

    The wrappers turn off gradients, tell torch's profiler of the step, and call hooks of the optimiser. For a few small
    weights they take as long as the step. If the optimiser has hooks, the function is `step` itself.

    Args:
        optimizer: the optimiser, which is the only argument of the function.
    """
    has_hooks = (
        optimizer._optimizer_step_pre_hooks
        or optimizer._optimizer_step_post_hooks
        or _global_optimizer_pre_hooks
        or _global_optimizer_post_hooks
    )
    step = type(optimizer).step
    return step if has_hooks else inspect.unwrap(step)


class States:
    """The states of all weights by the name of the state: as one tensor, and as a part of it for each weight.

    Args:
        optimizer: an optimiser that has made a step for each weight. Its states become the parts, with their values.
        weights: the weights.
    """

    def __init__(self, optimizer: optim.Optimizer, weights: Sequence[Tensor]) -> None:
        self.whole: dict[str, Tensor] = {}
        self.parts: dict[str, list[Tensor]] = {}
        for name in list(optimizer.state[weights[0]]):
            values = [optimizer.state[weight][name] for weight in weights]
            self.whole[name] = torch.cat([value.flatten() for value in values])
            self.parts[name] = _parts(self.whole[name], values)
            for weight, part in zip(weights, self.parts[name], strict=True):
                optimizer.state[weight][name] = part


class DirectUpdate:
    """The steps of one optimiser.

    A step is torch's if a weight has no gradient, has no state yet, or has made fewer steps than another one.

    Args:
        plain: torch's step.
        rule: the step of this kind of optimiser.
        weights: the weights that it changes.

    Attributes:
        weights: as in the arguments.
    """

    def __init__(
        self, plain: Callable[[optim.Optimizer], object], rule: "Rule", weights: Sequence[nn.Parameter]
    ) -> None:
        self._plain, self._rule = plain, rule
        self.weights: list[Tensor] = list(weights)
        self._states: States | None = None
        self._spare = torch.empty(sum(weight.numel() for weight in weights))
        self._spares = _parts(self._spare, weights)
        self._numbers: dict[float, Tensor] = {}

    def __call__(self, optimizer: optim.Optimizer) -> None:
        """Change the weights once. Afterwards the gradients have no meaning."""
        gradients = [weight.grad for weight in self.weights if weight.grad is not None]
        has_all = len(gradients) == len(self.weights)
        if has_all and self._states is None:
            self._states = self._common_states(optimizer)
        if has_all and self._states is not None:
            self._rule(self, optimizer.param_groups[0], gradients, self._states)
        else:
            self._plain(optimizer)
            self._states = None

    def _common_states(self, optimizer: optim.Optimizer) -> States | None:
        """Return the states of all weights; None if a weight has none, or if one has made fewer steps than another."""
        known = [optimizer.state[weight] for weight in self.weights if weight in optimizer.state]
        if len(known) < len(self.weights) or not all(known):
            return None
        if len({float(state.get("step", 0.0)) for state in known}) > 1:
            return None
        return States(optimizer, self.weights)

    def number(self, value: float) -> Tensor:
        """Return a number as a tensor without dimensions, in float32."""
        if value not in self._numbers:
            self._numbers[value] = torch.tensor(value, dtype=torch.float32)
        return self._numbers[value]

    @property
    def spare(self) -> tuple[Tensor, list[Tensor]]:
        """A tensor for intermediate values of all weights, and its part for each weight."""
        return self._spare, self._spares


Rule = Callable[[DirectUpdate, Group, list[Tensor], States], None]
"""A step: reads the settings and the gradients, and changes the states and the weights."""


def _sgd(update: DirectUpdate, group: Group, gradients: list[Tensor], states: States) -> None:
    """See `torch.optim.SGD`. Without momentum it has no states, so this step is one with momentum."""
    momentum, changes = group["momentum"], states.parts["momentum_buffer"]
    if group["weight_decay"]:
        torch._foreach_add_(gradients, update.weights, alpha=group["weight_decay"])
    states.whole["momentum_buffer"].mul_(update.number(momentum))
    torch._foreach_add_(changes, gradients, alpha=1 - group["dampening"])
    if group["nesterov"]:
        torch._foreach_add_(gradients, changes, alpha=momentum)
        changes = gradients
    torch._foreach_add_(update.weights, changes, alpha=-group["lr"])


def _adam(update: DirectUpdate, group: Group, gradients: list[Tensor], states: States) -> None:
    """See `torch.optim.Adam` and `AdamW`."""
    beta1, beta2 = group["betas"]
    rate, decay = group["lr"], group["weight_decay"]
    states.whole["step"].add_(1.0)
    if decay and group["decoupled_weight_decay"]:
        torch._foreach_mul_(update.weights, update.number(1 - rate * decay))
    elif decay:
        torch._foreach_add_(gradients, update.weights, alpha=decay)
    torch._foreach_lerp_(states.parts["exp_avg"], gradients, 1 - beta1)
    squares = states.whole["exp_avg_sq"]
    squares.mul_(update.number(beta2))
    torch._foreach_addcmul_(states.parts["exp_avg_sq"], gradients, gradients, 1 - beta2)
    steps = states.whole["step"][0].item()
    root, roots = update.spare
    torch.sqrt(squares, out=root)
    root.div_((1 - beta2**steps) ** 0.5).add_(update.number(group["eps"]))
    torch._foreach_addcdiv_(update.weights, states.parts["exp_avg"], roots, (rate / (1 - beta1**steps)) * -1)


def _rmsprop(update: DirectUpdate, group: Group, gradients: list[Tensor], states: States) -> None:
    """See `torch.optim.RMSprop`, which is not centred."""
    decay, momentum = group["alpha"], group["momentum"]
    states.whole["step"].add_(1.0)
    if group["weight_decay"]:
        torch._foreach_add_(gradients, update.weights, alpha=group["weight_decay"])
    squares = states.whole["square_avg"]
    squares.mul_(update.number(decay))
    torch._foreach_addcmul_(states.parts["square_avg"], gradients, gradients, 1 - decay)
    root, roots = update.spare
    torch.sqrt(squares, out=root)
    root.add_(update.number(group["eps"]))
    if momentum:
        changes = states.parts["momentum_buffer"]
        states.whole["momentum_buffer"].mul_(update.number(momentum))
        torch._foreach_addcdiv_(changes, gradients, roots)
        torch._foreach_add_(update.weights, changes, alpha=-group["lr"])
    else:
        torch._foreach_addcdiv_(update.weights, gradients, roots, -group["lr"])


RULES: dict[type[optim.Optimizer], Rule] = {
    optim.SGD: _sgd,
    optim.Adam: _adam,
    optim.AdamW: _adam,
    optim.RMSprop: _rmsprop,
}
"""The steps by the class of the optimiser."""


def _parts(whole: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """Return the parts of a tensor that follow one another, in the shapes of other tensors."""
    parts = torch.split(whole, [one.numel() for one in like])
    return [part.view(one.shape) for part, one in zip(parts, like, strict=True)]
