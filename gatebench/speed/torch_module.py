"""torch's own module for a cell, with the same weights and the same input as the other candidates."""

from __future__ import annotations

import torch
from torch import Tensor

from gatebench.backends.native import KERNELS, stacked
from gatebench.backends.selective import torch_cell
from gatebench.nn.torch_modules import MODULES
from gatebench.spec.cell import Cell
from gatebench.speed.layer_case import LayerCase, StepResult


def refuses(cell: Cell) -> str | None:
    """Return why torch has no module for a cell, or None if it has one."""
    if torch_cell(cell.definitions) is None:
        return f"torch has no module with the equations of {cell.name}."
    return None


class TorchModule:
    """torch's module for the cell of a case, with the weights and the input of the case, in float32.

    Attributes:
        kernel: the order of torch's gates.
        typed: the tensors of the case in float32.
        x: the input, (T, B, I); it requires a gradient.
        module: the module.
    """

    def __init__(self, case: LayerCase) -> None:
        name = torch_cell(case.cell.definitions)
        assert name is not None
        self.kernel = KERNELS[name]
        self.typed = case.to(torch.float32)
        self.x = self.typed.x
        module_class, options = MODULES[name]
        self.module = module_class(case.shape.I, case.shape.H, **options)
        with torch.no_grad():
            for parameter, weight in zip(self.module.parameters(), stacked(self.kernel, case.weights), strict=True):
                parameter.copy_(weight)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The tensors that exist before a training step."""
        return (self.x, *self.module.parameters())

    def forward(self) -> object:
        """Run forward."""
        return self.module(self.x)

    def training_step(self) -> None:
        """Run forward and backward, then delete the gradients."""
        self.module(self.x)[0].backward(self.typed.output_gradient)
        for tensor in self.inputs:
            tensor.grad = None

    def result(self) -> StepResult:
        """Return all results of a training step, by the names of the cell's table."""
        initial_state = self.typed.initial_state
        stacked_state = tuple(s[None] for s in initial_state)
        output, final = self.module(self.x, stacked_state if len(stacked_state) > 1 else stacked_state[0])
        final_state = [s[0] for s in (final if isinstance(final, tuple) else (final,))]
        memory = self.typed.case.cell.memory
        values = {"output": output} | {f"final {m}": s for m, s in zip(memory, final_state, strict=True)}
        sources = {"x": self.x} | {f"initial {m}": s for m, s in zip(memory, initial_state, strict=True)}
        sources |= dict(self.module.named_parameters())
        gradients = self.typed.gradients([output, *final_state], sources)
        flat = [gradients.pop(f"gradient of {name}") for name, _ in self.module.named_parameters()]
        detached = {name: value.detach() for name, value in values.items()}
        return StepResult(detached | gradients | self._weight_gradients(flat))

    def _weight_gradients(self, flat: list[Tensor]) -> dict[str, Tensor]:
        """Return the gradients of torch's four parameters by the names of the table.

        Both biases of torch have the same gradient, so one of them is enough.
        """
        order = self.kernel.order
        W, R, b, d = (dict(zip(order, gradient.chunk(len(order)), strict=True)) for gradient in flat)
        by_name = {f"{letter}.{gate}": part[gate] for gate in order for letter, part in (("W", W), ("R", R), ("b", b))}
        by_name |= {f"d.{gate}": d[gate] for gate in self.kernel.inner}
        return {f"gradient of {name}": gradient for name, gradient in by_name.items()}
