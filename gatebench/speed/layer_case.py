"""The work that all candidates of a benchmark are given: one layer of a cell at a shape, forward and backward.

T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.registry import choose
from gatebench.derive.cost import product_flops, shapes
from gatebench.nn.initial_weights import initialise_weights
from gatebench.nn.low_precision import with_products
from gatebench.spec.cell import Cell
from gatebench.speed.shape import Shape


@dataclass(frozen=True)
class StepResult:
    """All results of one training step.

    Attributes:
        values: the output, final states, recorded gates and all gradients, by readable names such as "output",
            "final h", "gate r" and "gradient of W.z".
    """

    values: dict[str, Tensor]


class LayerCase:
    """The weights of a cell, its input and the gradients of its results: the same for all candidates.

    All values are generated from a seed, in float32. A cell that adds its input to hidden units gets I = H.

    Attributes:
        cell: the cell.
        shape: the sizes, with I = H where the cell needs it.
        weights: the weights by their names in the cell's table.
        x: the input, (T, B, I).
        initial_state: the memory before the first time step, (B, H) each.
        output_gradient: the gradient of the output, (T, B, H).
        state_gradients: the gradients of the final states, (B, H) each.
    """

    def __init__(self, cell: Cell, shape: Shape, seed: int = 0) -> None:
        self.cell = cell
        self.shape = Shape(shape.T, shape.B, shape.H if cell.definitions.square else shape.I, shape.H)
        T, B, I, H = self.shape.T, self.shape.B, self.shape.I, self.shape.H  # noqa: E741
        generator = torch.Generator().manual_seed(seed)
        self.weights = {name: torch.empty(size) for name, size in shapes(cell, I, H).items()}
        initialise_weights(cell, self.weights, H, generator, max(2, T))
        self.x = torch.randn(T, B, I, generator=generator)
        self.initial_state = tuple(torch.full((B, H), cell.initial.get(name, 0.0)) for name in cell.memory)
        self.output_gradient = torch.randn(T, B, H, generator=generator)
        self.state_gradients = tuple(torch.randn(B, H, generator=generator) for _ in cell.memory)

    @property
    def flops(self) -> int:
        """Floating-point operations of all matrix products of a training step.

        Each product is counted three times: forward, and backward for both of its factors.
        """
        return 3 * self.shape.T * self.shape.B * product_flops(self.cell, self.shape.I, self.shape.H)

    def to(self, dtype: torch.dtype, products: torch.dtype | None = None) -> TypedCase:
        """Return a copy of the tensors in a dtype, ready to run; see `TypedCase` for `products`."""
        return TypedCase(self, dtype, products)


class TypedCase:
    """The tensors of a `LayerCase` in one dtype, and the training step that a backend runs on them.

    Attributes:
        case: the case that the tensors are copied from.
        products: the dtype of matrix products; None for that of the tensors.
        weights: the weights by name; they require a gradient.
        x: the input, (T, B, I); it requires a gradient.
        initial_state: the memory before the first time step, (B, H) each; it requires a gradient.
        constant_state: the same values; they require no gradient.
        output_gradient: the gradient of the output, (T, B, H).
    """

    def __init__(self, case: LayerCase, dtype: torch.dtype, products: torch.dtype | None = None) -> None:
        self.case, self.products = case, products
        self.weights = {name: w.to(dtype, copy=True).requires_grad_() for name, w in case.weights.items()}
        self.x = case.x.to(dtype, copy=True).requires_grad_()
        self.initial_state = tuple(s.to(dtype, copy=True).requires_grad_() for s in case.initial_state)
        self.constant_state = tuple(s.detach() for s in self.initial_state)
        self.output_gradient = case.output_gradient.to(dtype)

    def forward(self, backend: str, trace: bool) -> LayerResult:
        """Run forward from a state that requires no gradient, as in training."""
        return self._run(backend, self.constant_state, trace)

    def _run(self, backend: str, state: tuple[Tensor, ...], trace: bool) -> LayerResult:
        work = Workload.of(self.x, self.case.shape.H, trace)
        chosen, _ = with_products((choose(backend, self.case.cell, work), None), self.products)
        return chosen.run(self.case.cell, self.weights, self.x, state, None, trace)

    def training_step(self, backend: str, trace: bool) -> None:
        """Run forward and backward, then delete the gradients."""
        torch.autograd.backward(self.forward(backend, trace).output, self.output_gradient)
        for tensor in (self.x, *self.weights.values()):
            tensor.grad = None

    def result(self, backend: str, trace: bool) -> StepResult:
        """Return all results of a training step, including the gradients of the initial state."""
        result = self._run(backend, self.initial_state, trace)
        memory = self.case.cell.memory
        values = {"output": result.output} | {f"final {m}": s for m, s in zip(memory, result.state, strict=True)}
        values |= {f"gate {name}": gate for name, gate in result.gates.items()}
        sources = {"x": self.x} | {f"initial {m}": s for m, s in zip(memory, self.initial_state, strict=True)}
        gradients = self.gradients([result.output, *result.state], sources | self.weights)
        return StepResult({name: value.detach() for name, value in values.items()} | gradients)

    def gradients(self, results: Sequence[Tensor], sources: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the gradients of all sources, by names such as "gradient of x".

        Args:
            results: the output and the final states; the gradients of the case flow into them.
            sources: the tensors to differentiate with respect to, by name. A gradient is zero where no result depends
                on the source.
        """
        incoming = [gradient.to(self.x.dtype) for gradient in (self.output_gradient, *self.case.state_gradients)]
        gradients = torch.autograd.grad(results, list(sources.values()), incoming, allow_unused=True)
        return {
            f"gradient of {name}": torch.zeros_like(source) if gradient is None else gradient
            for (name, source), gradient in zip(sources.items(), gradients, strict=True)
        }
