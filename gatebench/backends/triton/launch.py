"""One launch of a cell's kernels: the sizes, the buffers and the call. T time, B batch, I input, H hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.fused.emit.memory_layout import Plane
from gatebench.backends.triton.emit.variables import pointer
from gatebench.backends.triton.kernels import Kernels
from gatebench.backends.triton.tiles import has_input_width, tile

WIDE_STREAMS = ("memory", "carry", "start")
"""Streams in float32 for every dtype of x: states and their adjoints are not rounded between steps."""


class Launch:
    """The sizes of one call.

    Attributes:
        kernels: the cell's kernels.
        plan: what they compute.
        x: the input (T, B, I); only its shape, dtype and device count.
        lengths: (B,) int64 on the device of x, or None.
    """

    def __init__(self, kernels: Kernels, x: Tensor, H: int, lengths: Tensor | None) -> None:
        self.kernels, self.plan, self.x, self.H, self.lengths = kernels, kernels.plan, x, H, lengths
        self.T, self.B, self.I = x.shape
        self.tile = tile(self.plan, str(x.dtype).removeprefix("torch."), self.I, H)

    def columns(self, stream: str) -> int:
        """Return how many numbers a row of a stream has."""
        return self.plan.row_length(stream, self.H, self.I)

    def first_column(self, where: Plane) -> int:
        """Return the column where a plane begins."""
        return where.h_before * self.H + where.i_before * self.I

    def stream(self, name: str, slots: int) -> Tensor:
        """Return an uninitialised stream (slots, B, columns)."""
        dtype = torch.float32 if name in WIDE_STREAMS else self.x.dtype
        return self.x.new_empty((slots, self.B, self.columns(name)), dtype=dtype)

    def plane(self, stream: Tensor, where: Plane, slots: int, first: int = 0) -> Tensor:
        """Return the view of a plane in a stream, (slots, B, width), from slot `first` on."""
        start = self.first_column(where)
        return stream[first : first + slots, :, start : start + (self.H if where.width == "H" else self.I)]

    def run(
        self,
        kernel: Any,
        order: Sequence[str],
        streams: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
        **constants: bool,
    ) -> None:
        """Launch a kernel.

        Args:
            kernel: the function of `triton.jit`.
            order: the names of its addresses.
            streams: by name; an address without a stream is not read.
            weights: by the table's names.
            constants: values known when the kernel is compiled.
        """
        given = {**streams, **{pointer(name): weight for name, weight in weights.items()}}
        if self.lengths is not None:
            given["lengths"] = self.lengths
        kernel[(self.tile.programs(self.B),)](
            *(given.get(name, self.x) for name in order),
            self.T,
            self.B,
            self.H,
            self.I if has_input_width(self.plan) else 0,
            self.tile.rows,
            self.tile.wide_h,
            self.tile.wide_i,
            self.lengths is not None,
            precision(self.x.dtype),
            **constants,
            num_warps=self.tile.warps,
            num_stages=1,
        )


def precision(dtype: torch.dtype) -> str:
    """Return how a product on chip reads float32: exactly, unless the user allows torch's own products TF32."""
    allows = torch.get_float32_matmul_precision() != "highest"
    return "tf32" if dtype == torch.float32 and allows else "ieee"
