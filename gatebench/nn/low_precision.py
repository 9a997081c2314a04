"""Recurrent layers under `torch.autocast`, which computes matrix products in bfloat16 and keeps weights in float32.

The states of a layer stay in float32, because the rounding errors of all steps add up in them. A backend in
`KEEPS_STATES` computes products of bfloat16 and keeps its states in float32. `triton` is given x and the weights in
bfloat16, and its output h is rounded; `fused` is given float32 and rounds the factors of each product only. All other
backends compute the whole layer in float32. All return float32: the output, the states and the gates.

T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from gatebench.backends import fused, triton
from gatebench.backends.contract import Backend, LayerResult
from gatebench.backends.fused import RoundedProducts
from gatebench.spec.cell import Cell


def products_dtype(x: Tensor) -> torch.dtype | None:
    """Return the dtype of matrix products that autocast asks for on the device of x; None without autocast."""
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None


def raised(values: Tensor) -> Tensor:
    """Return bfloat16 and float16 as float32, and other values as they are."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


class BFloat16Triton:
    """`triton` with x and the weights in bfloat16. States, output and gates have float32."""

    NAME = triton.NAME

    def run(
        self,
        cell: Cell,
        weights: Mapping[str, Tensor],
        x: Tensor,
        state: tuple[Tensor, ...],
        lengths: Tensor | None,
        trace: bool,
    ) -> LayerResult:
        """Run one layer in one direction; see `contract.Backend.run`."""
        rounded = {label: weight.bfloat16() for label, weight in weights.items()}
        result = triton.run(cell, rounded, x.bfloat16(), state, lengths, trace)
        gates = {gate: raised(values) for gate, values in result.gates.items()}
        return replace(result, output=raised(result.output), gates=gates)


KEEPS_STATES: Mapping[str, Backend] = {
    triton.NAME: cast(Backend, BFloat16Triton()),
    fused.NAME: cast(Backend, RoundedProducts()),
}
"""{backend: the same with products of bfloat16}, of the backends that keep their states in float32 then."""


def with_products(pair: tuple[Backend, Backend | None], dtype: torch.dtype | None) -> tuple[Backend, Backend | None]:
    """Return the backends of a layer, with products of this dtype if they can have them.

    Args:
        pair: the backend that runs the layer and the one that computes its gates, which may be the same.
        dtype: from `products_dtype`.
    """
    chosen, gates = pair
    if dtype is not torch.bfloat16 or chosen.NAME not in KEEPS_STATES:
        return pair
    lower = KEEPS_STATES[chosen.NAME]
    return lower, lower if gates is chosen else gates
