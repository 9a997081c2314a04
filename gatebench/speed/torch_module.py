"""torch's own module, where a cell is one: the standard to beat, given the same weights and the same input."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from gatebench.backends.native import KERNELS, kernel_name, stacked
from gatebench.spec.cell import Cell
from gatebench.speed.layer_step import LayerCase, StepResult

_OF: dict[str, Callable[[int, int], nn.RNNBase]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn_tanh": nn.RNN,
    "rnn_relu": partial(nn.RNN, nonlinearity="relu"),
}


def refuses(cell: Cell) -> str | None:
    """Return why torch has no module for a cell, or None where it has one."""
    if kernel_name(cell.definitions) is None:
        return f"torch has no module with the equations of {cell.name}."
    return None


class TorchModule:
    """torch's module for a problem's cell, with the problem's weights, in float32.

    Attributes:
        module: the module.
        x: (T, B, I), wants a gradient.
    """

    def __init__(self, problem: LayerCase) -> None:
        name = kernel_name(problem.cell.definitions)
        assert name is not None
        self.kernel = KERNELS[name]
        self.copy = problem.copy(torch.float32)
        self.x = self.copy.x
        self.module = _OF[name](problem.shape.I, problem.shape.H)
        with torch.no_grad():
            for own, weight in zip(self.module.parameters(), stacked(self.kernel, problem.weights), strict=True):
                own.copy_(weight)

    @property
    def given(self) -> tuple[Tensor, ...]:
        """The tensors that are there before a step."""
        return (self.x, *self.module.parameters())

    def forward(self) -> object:
        """Run forward."""
        return self.module(self.x)

    def step(self) -> None:
        """Run forward and backward, as one training step does."""
        self.module(self.x)[0].backward(self.copy.incoming)
        for tensor in self.given:
            tensor.grad = None

    def result(self) -> StepResult:
        """Return all that a step computes, under the table's names."""
        state = self.copy.state
        start = tuple(s[None] for s in state)
        output, final = self.module(self.x, start if len(start) > 1 else start[0])
        last = [s[0] for s in (final if isinstance(final, tuple) else (final,))]
        memory = self.copy.problem.cell.memory
        values = {"output": output} | {f"final {m}": s for m, s in zip(memory, last, strict=True)}
        sources = {"x": self.x} | {f"initial {m}": s for m, s in zip(memory, state, strict=True)}
        sources |= dict(self.module.named_parameters())
        found = self.copy.gradients([output, *last], sources)
        own = [found.pop(f"gradient of {name}") for name, _ in self.module.named_parameters()]
        return StepResult({n: v.detach() for n, v in values.items()} | found | self._named(own))

    def _named(self, gradients: list[Tensor]) -> dict[str, Tensor]:
        """Return the gradients of torch's four weights under the table's names; of two equal biases' one is enough."""
        order = self.kernel.order
        W, R, b, d = (dict(zip(order, gradient.chunk(len(order)), strict=True)) for gradient in gradients)
        named = {f"{letter}.{g}": part[g] for g in order for letter, part in (("W", W), ("R", R), ("b", b))}
        named |= {f"d.{g}": d[g] for g in self.kernel.inner}
        return {f"gradient of {name}": gradient for name, gradient in named.items()}
