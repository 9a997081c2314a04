"""A check of the kernels on the GPU at hand: before a cell is run for the first time, it is compared with `reference`.

The kernels were tested in Triton's interpreter and compiled for GPUs, but an interpreter does not show every error of a
GPU, for example a missing barrier. So a wrong kernel is refused, and no result of it is used.

T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Generator, Tensor

from gatebench.backends import reference
from gatebench.backends.lengths import step_mask
from gatebench.backends.triton.function import run_cell
from gatebench.derive.cost import shapes
from gatebench.spec.cell import Cell

STEPS, SEQUENCES = 7, 5
"""T and B of the check: more than one tile of the batch, and lengths that differ."""

TOLERANCES = {torch.float32: 1e-3, torch.bfloat16: 5e-2}
"""By dtype, the largest difference from `reference` that is accepted, as a part of the largest value of the tensor."""

TF32_TOLERANCE = 2e-2
"""The same for float32 that is multiplied as TF32, whose mantissa has 10 bits."""


@lru_cache(maxsize=1024)
def disagreement(
    cell: Cell, dtype: torch.dtype, device: str, input_size: int, hidden_size: int, precision: str
) -> str | None:
    """Return how the kernels of a cell disagree with `reference` on a device, as one sentence; None if they agree.

    Args:
        cell: the cell.
        dtype: of x and of the weights.
        device: the type of the torch device.
        input_size: I.
        hidden_size: H.
        precision: of products in float32, see `torch.get_float32_matmul_precision`.
    """
    inputs = _inputs(cell, dtype, device, input_size, hidden_size)
    expected = _results(cell, inputs, is_reference=True)
    try:
        found = _results(cell, inputs, is_reference=False)
    except Exception as error:  # Triton and its compiler have many kinds of errors
        reason = (str(error).splitlines() or [""])[0]
        return f"triton cannot run {cell.name} with H = {hidden_size} here: {type(error).__name__}: {reason}"
    tolerance = TF32_TOLERANCE if dtype == torch.float32 and precision != "highest" else TOLERANCES[dtype]
    for name, value in expected.items():
        scale, distance = float(value.abs().max()), float((found[name] - value).abs().max())
        if not distance <= tolerance * max(scale, 1e-6):
            return (
                f"triton is wrong here: for {cell.name} with H = {hidden_size}, its {name} differs from that of "
                f"reference by {distance:.1e}, of {scale:.1e} at most; use backend=reference, and please report it."
            )
    return None


def _inputs(cell: Cell, dtype: torch.dtype, device: str, input_size: int, hidden_size: int) -> dict[str, Tensor]:
    """Return x, the states and the weights, drawn from a seeded generator."""
    generator = Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(device, dtype)

    states = {f"state {name}": drawn(SEQUENCES, hidden_size).abs() / 2 + 0.1 for name in cell.memory}
    weights = {
        name: drawn(*shape) / (2 * shape[-1] ** 0.5) for name, shape in shapes(cell, input_size, hidden_size).items()
    }
    x = drawn(STEPS, SEQUENCES, input_size)
    return {"x": torch.where(step_mask(_lengths(), x), x, 0.0), **states, **weights}


def _lengths() -> Tensor:
    """Return lengths that all differ."""
    return torch.arange(STEPS, STEPS - SEQUENCES, -1)


def _results(cell: Cell, inputs: dict[str, Tensor], *, is_reference: bool) -> dict[str, Tensor]:
    """Return the output, the final states, the gates and the gradients of all inputs, by name."""
    with torch.enable_grad():
        own = {name: value.clone().requires_grad_() for name, value in inputs.items()}
        x, state = own["x"], tuple(own[f"state {name}"] for name in cell.memory)
        weights = {name: own[name] for name in cell.parameters}
        if is_reference:
            result = reference.run(cell, weights, x, state, _lengths(), True)
        else:
            result = run_cell(cell.definitions, weights, x, state, _lengths(), True)
        values = {"output": result.output, **{f"final {n}": s for n, s in zip(cell.memory, result.state, strict=True)}}
        loss = torch.stack([(value * value).sum() for value in values.values()]).sum()
        gradients = torch.autograd.grad(loss, list(own.values()), allow_unused=True)
    values |= {f"gate {n}": torch.where(step_mask(_lengths(), value), value, 0.0) for n, value in result.gates.items()}
    for name, gradient in zip(own, gradients, strict=True):
        values[f"gradient of {name}"] = torch.zeros_like(own[name]) if gradient is None else gradient
    return {name: value.detach().float() for name, value in values.items()}
