"""Seeded layers of any cell, their inputs and their initial states, for tests. T time, B batch, I input, H hidden."""

from typing import Any

import torch
from torch import Tensor

from gatebench import Cell, Recurrent, load_cell

T, B, I, H = 5, 3, 3, 2  # noqa: E741


def build(cell: str | Cell, seed: int = 0, scale: float = 0.7, I: int = I, H: int = H, **settings: Any) -> Recurrent:  # noqa: E741
    """Return a float64 layer with all weights drawn from N(0, scale²), so no bias is 0. I is H if the cell needs it."""
    cell = load_cell(cell) if isinstance(cell, str) else cell
    filled: dict[str, Any] = {"backend": "reference", "dtype": torch.float64, "steps": 30} | settings
    layer = Recurrent(cell, H if cell.definitions.square else I, H, **filled)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.normal_(0.0, scale, generator=generator)
    return layer


def inputs(layer: Recurrent, seed: int = 1, T: int = T, B: int = B) -> Tensor:
    """Return a seeded x (T, B, I), or (B, T, I) for batch_first."""
    shape = (B, T, layer.input_size) if layer.batch_first else (T, B, layer.input_size)
    dtype = next(layer.parameters()).dtype
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def start(layer: Recurrent, seed: int = 2, B: int = B) -> tuple[Tensor, ...]:
    """Return a seeded initial state, (layers · D, B, H) each; a normaliser n is positive, as it always is."""
    generator = torch.Generator().manual_seed(seed)
    shape = (layer.num_layers * layer.directions, B, layer.hidden_size)
    dtype = next(layer.parameters()).dtype
    drawn = {name: torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for name in layer.cell.memory}
    return tuple(0.5 + value.abs() if name == "n" else value for name, value in drawn.items())


def passed(layer: Recurrent, state: tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    """Return the state in the form that the layer takes: one tensor, or a tuple of several."""
    return state if len(state) > 1 else state[0]


def parts(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return the state as a tuple, also if it is one tensor."""
    return (state,) if isinstance(state, Tensor) else state
