"""One launch of a cell's kernels: the sizes, the buffers and the call. T time, B batch, I input, H hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.fused.emit.memory_layout import Plane
from gatebench.backends.triton.device import shared_memory
from gatebench.backends.triton.emit.plan import KernelPlan, plan
from gatebench.backends.triton.emit.variables import pointer
from gatebench.backends.triton.kernels import load_kernels
from gatebench.backends.triton.tiles import Tile, has_input_width, tile
from gatebench.spec.definitions import Definitions

WIDE_STREAMS = ("memory", "carry", "start")
"""Streams in float32 for every dtype of x: states and their adjoints are not rounded between steps."""


class Launch:
    """The sizes of one call.

    Attributes:
        plan: what the kernels compute.
        tile: how the launch is cut.
        kernels: the cell's kernels.
        x: the input (T, B, I); only its shape, dtype and device count.
        lengths: (B,) int64 on the device of x, or None.
    """

    def __init__(self, definitions: Definitions, x: Tensor, H: int, lengths: Tensor | None) -> None:
        self.plan, self.x, self.H, self.lengths = plan(definitions), x, H, lengths
        self.T, self.B, self.I = x.shape
        self.tile = tile(self.plan, arithmetic(x.dtype), self.I, H, shared_memory(x.device.type))
        self.kernels = load_kernels(definitions, self.tile.on_chip)

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
        with torch.cuda.device(self.x.device if self.x.is_cuda else -1):  # Triton launches on the present device
            kernel[(self.tile.programs(self.B),)](
                *(given.get(name, self.x) for name in order),
                T=self.T,
                B=self.B,
                **compiled_constants(self.plan, self.tile, self.I, self.H),
                LENGTHS=self.lengths is not None,
                PRECISION="tf32" if arithmetic(self.x.dtype) == "tf32" else "ieee",
                **constants,
                **compile_options(self.tile),
            )


def compiled_constants(plan: KernelPlan, tile: Tile, I: int, H: int) -> dict[str, int]:  # noqa: E741
    """Return the sizes that are constants of a compiled kernel. I is one only if a value in the loop has that width."""
    return {
        "H": H,
        "I": I if has_input_width(plan) else 0,
        "ROWS": tile.rows,
        "WIDE_H": tile.wide_h,
        "WIDE_I": tile.wide_i,
        "BLOCK_H": tile.block_h,
        "BLOCK_I": tile.block_i,
    }


def compile_options(tile: Tile) -> dict[str, int]:
    """Return the options of Triton's compiler. Matrices from memory are loaded two blocks ahead."""
    return {"num_warps": tile.warps, "num_stages": 1 if tile.on_chip else 3}


def arithmetic(dtype: torch.dtype) -> str:
    """Return how products are computed: "float32", "bfloat16", or "tf32" if torch is allowed to do that, too."""
    if dtype == torch.float32 and torch.get_float32_matmul_precision() != "highest":
        return "tf32"
    return str(dtype).removeprefix("torch.")
