"""How a compiled's buffers look at one size. T time, B batch, I input, H hidden; rows hold whole vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from gatebench.backends.fused.emit.memory_layout import MemoryLayout, Plane


@dataclass(frozen=True)
class BufferShapes:
    """T, B, I, H, the padded widths of I and H, and by stream the length of its rows."""

    T: int
    B: int
    I: int  # noqa: E741
    H: int
    wide_i: int
    wide_h: int
    columns: Mapping[str, int]

    def plane(self, buffer: Tensor, where: Plane, slots: int, first: int = 0) -> Tensor:
        """Return a plane of a stream's buffer without its padding: (slots, B, width), from slot `first` on."""
        across, own = self.columns[where.stream], self.H if where.width == "H" else self.I
        start = first * self.B * across + where.h_before * self.wide_h + where.i_before * self.wide_i
        return buffer.as_strided((slots, self.B, own), (self.B * across, across, 1), start)


def buffer_shapes(layout: MemoryLayout, lanes: int, T: int, B: int, I: int, H: int) -> BufferShapes:  # noqa: E741
    """Return the buffers' form for vectors of `lanes` numbers.

    The ring's rows are an odd number of vectors: rows a power of two apart would share a few lines of the cache.
    """
    wide_i, wide_h = (-(-width // lanes) * lanes for width in (I, H))
    columns = {s: many_H * wide_h + many_I * wide_i for s, (many_H, many_I) in layout.columns.items()}
    if columns["ring"] and columns["ring"] // lanes % 2 == 0:
        columns["ring"] += lanes
    return BufferShapes(T, B, I, H, wide_i, wide_h, columns)
