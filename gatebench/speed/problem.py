"""What is run: one layer of a cell at a shape, forward and backward. T time, B batch, I input, H hidden."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gatebench.backends import Run, Workload, choose, find
from gatebench.derive.count import product_flops, shapes
from gatebench.errors import UserError, out_of_range
from gatebench.spec import Cell
from gatebench.start import start_weights


@dataclass(frozen=True)
class Shape:
    """The sizes of a layer's work."""

    T: int
    B: int
    I: int  # noqa: E741
    H: int

    def __post_init__(self) -> None:
        for label in "TBIH":
            if getattr(self, label) < 1:
                raise out_of_range(label, getattr(self, label), "a whole number of at least 1")

    def __str__(self) -> str:
        return f"{self.T},{self.B},{self.I},{self.H}"

    @classmethod
    def parse(cls, text: str) -> Shape:
        """Return the shape that "T,B,I,H" writes; raise `UserError` where it does not."""
        parts = text.split(",")
        if len(parts) != 4 or not all(part.strip().isdigit() for part in parts):
            raise UserError(f"The shape {text!r} cannot be read; write T,B,I,H, as in 784,64,1,128.")
        return cls(*map(int, parts))


@dataclass(frozen=True)
class Result:
    """values: outputs, final states, traced gates and every gradient, by a name for people."""

    values: dict[str, Tensor]


class Problem:
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

    def refusal(self, backend: str, trace: bool) -> str | None:
        """Return why a backend cannot run this, or None."""
        return find(backend).refuses(self.cell, Workload.of(self.x, self.shape.H, trace))

    def copy(self, dtype: torch.dtype) -> Copy:
        """Return the problem's tensors in a dtype, ready for a gradient."""
        return Copy(self, dtype)


class Copy:
    """The tensors of a problem in one dtype."""

    def __init__(self, problem: Problem, dtype: torch.dtype) -> None:
        self.problem = problem
        self.weights = {n: w.to(dtype, copy=True).requires_grad_() for n, w in problem.weights.items()}
        self.x = problem.x.to(dtype, copy=True).requires_grad_()
        self.state = tuple(s.to(dtype, copy=True).requires_grad_() for s in problem.state)
        self.incoming = problem.incoming.to(dtype)

    def forward(self, backend: str, trace: bool) -> Run:
        """Run forward."""
        work = Workload.of(self.x, self.problem.shape.H, trace)
        return choose(backend, self.problem.cell, work).run(
            self.problem.cell, self.weights, self.x, self.state, None, trace
        )

    def step(self, backend: str, trace: bool) -> None:
        """Run forward and backward, as one training step of the layer does."""
        torch.autograd.backward(self.forward(backend, trace).output, self.incoming)
        for tensor in (self.x, *self.state, *self.weights.values()):
            tensor.grad = None

    def result(self, backend: str, trace: bool) -> Result:
        """Return all that a step computes."""
        ran = self.forward(backend, trace)
        labels = [*self.problem.cell.memory]
        values = {"output": ran.output} | {f"final {m}": s for m, s in zip(labels, ran.state, strict=True)}
        values |= {f"gate {g}": v for g, v in ran.gates.items()}
        sources = {"x": self.x} | {f"initial {m}": s for m, s in zip(labels, self.state, strict=True)} | self.weights
        incoming = [self.incoming, *(g.to(self.x.dtype) for g in self.problem.incoming_state)]
        gradients = torch.autograd.grad([ran.output, *ran.state], list(sources.values()), incoming, allow_unused=True)
        for name, gradient in zip(sources, gradients, strict=True):
            values[f"gradient of {name}"] = torch.zeros_like(sources[name]) if gradient is None else gradient
        return Result({n: v.detach() for n, v in values.items()})
