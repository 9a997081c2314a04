"""What is run: one layer of a cell at a shape, forward and backward. T time, B batch, I input, H hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.registry import choose
from gatebench.derive.cost import product_flops, shapes
from gatebench.nn.initial_weights import start_weights
from gatebench.spec.cell import Cell
from gatebench.speed.shape import Shape


@dataclass(frozen=True)
class StepResult:
    """values: outputs, final states, traced gates and every gradient, by a name for people."""

    values: dict[str, Tensor]


class LayerCase:
    """A cell's weights, input and the gradient of its output, drawn from a seed, so that any backend is given the same.

    A cell that adds its input to hidden units is given I = H.
    """

    def __init__(self, cell: Cell, shape: Shape, seed: int = 0) -> None:
        self.cell = cell
        self.shape = Shape(shape.T, shape.B, shape.H if cell.definitions.square else shape.I, shape.H)
        T, B, I, H = self.shape.T, self.shape.B, self.shape.I, self.shape.H  # noqa: E741
        generator = torch.Generator().manual_seed(seed)
        self.weights = {n: torch.empty(s) for n, s in shapes(cell, I, H).items()}
        start_weights(cell, self.weights, H, generator, max(2, T))
        self.x = torch.randn(T, B, I, generator=generator)
        self.state = tuple(torch.full((B, H), cell.initial.get(m, 0.0)) for m in cell.memory)
        self.incoming = torch.randn(T, B, H, generator=generator)
        self.incoming_state = tuple(torch.randn(B, H, generator=generator) for _ in cell.memory)

    @property
    def flops(self) -> int:
        """Floating-point operations of all products: forward, for the operands and for the weights."""
        return 3 * self.shape.T * self.shape.B * product_flops(self.cell, self.shape.I, self.shape.H)

    def copy(self, dtype: torch.dtype) -> TypedCase:
        """Return the problem's tensors in a dtype, ready for a gradient."""
        return TypedCase(self, dtype)


class TypedCase:
    """The tensors of a problem in one dtype."""

    def __init__(self, problem: LayerCase, dtype: torch.dtype) -> None:
        self.problem = problem
        self.weights = {n: w.to(dtype, copy=True).requires_grad_() for n, w in problem.weights.items()}
        self.x = problem.x.to(dtype, copy=True).requires_grad_()
        self.state = tuple(s.to(dtype, copy=True).requires_grad_() for s in problem.state)
        self.start = tuple(s.detach() for s in self.state)
        self.incoming = problem.incoming.to(dtype)

    def forward(self, backend: str, trace: bool) -> LayerResult:
        """Run forward from a state that wants no gradient, as a training step of the layer does."""
        return self._run(backend, self.start, trace)

    def _run(self, backend: str, state: tuple[Tensor, ...], trace: bool) -> LayerResult:
        work = Workload.of(self.x, self.problem.shape.H, trace)
        return choose(backend, self.problem.cell, work).run(self.problem.cell, self.weights, self.x, state, None, trace)

    def step(self, backend: str, trace: bool) -> None:
        """Run forward and backward, as one training step does."""
        torch.autograd.backward(self.forward(backend, trace).output, self.incoming)
        for tensor in (self.x, *self.weights.values()):
            tensor.grad = None

    def result(self, backend: str, trace: bool) -> StepResult:
        """Return all that a step computes, with the gradients of the initial state."""
        ran = self._run(backend, self.state, trace)
        labels = [*self.problem.cell.memory]
        values = {"output": ran.output} | {f"final {m}": s for m, s in zip(labels, ran.state, strict=True)}
        values |= {f"gate {g}": v for g, v in ran.gates.items()}
        sources = {"x": self.x} | {f"initial {m}": s for m, s in zip(labels, self.state, strict=True)} | self.weights
        return StepResult(
            {n: v.detach() for n, v in values.items()} | self.gradients([ran.output, *ran.state], sources)
        )

    def gradients(self, outcomes: Sequence[Tensor], sources: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the gradients of the sources by name, where those of output and final states are the problem's."""
        incoming = [g.to(self.x.dtype) for g in (self.incoming, *self.problem.incoming_state)]
        found = torch.autograd.grad(outcomes, list(sources.values()), incoming, allow_unused=True)
        return {
            f"gradient of {name}": torch.zeros_like(source) if gradient is None else gradient
            for (name, source), gradient in zip(sources.items(), found, strict=True)
        }
