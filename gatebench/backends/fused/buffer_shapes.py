"""The shapes of a compiled cell's buffers for one size. T time, B batch, I input, H hidden; rows hold whole vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from gatebench.backends.fused.emit.memory_layout import MemoryLayout, Plane


@dataclass(frozen=True)
class BufferShapes:
    """The sizes of one call.

    Attributes:
        T: time steps.
        B: sequences in the batch.
        I: width of x.
        H: width of the state.
        wide_i: I, padded to whole vectors.
        wide_h: H, padded to whole vectors.
        columns: by stream, the length of its rows in numbers.
    """

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

    def slot(self, buffer: Tensor, where: Plane, slot: int, width: int) -> Tensor:
        """Return one slot of a plane, with so many of its columns: (B, width)."""
        across = self.columns[where.stream]
        start = slot * self.B * across + where.h_before * self.wide_h + where.i_before * self.wide_i
        return buffer.as_strided((self.B, width), (across, 1), start)


def buffer_shapes(layout: MemoryLayout, lanes: int, T: int, B: int, I: int, H: int) -> BufferShapes:  # noqa: E741
    """Return the sizes and the buffers' shapes for vectors of `lanes` numbers.

    The rows of the ring have an odd number of vectors. If their distance were a power of two, they would share a few
    lines of the cache.
    """
    wide_i, wide_h = (-(-width // lanes) * lanes for width in (I, H))
    columns = {s: many_H * wide_h + many_I * wide_i for s, (many_H, many_I) in layout.columns.items()}
    if columns["ring"] and columns["ring"] // lanes % 2 == 0:
        columns["ring"] += lanes
    return BufferShapes(T, B, I, H, wide_i, wide_h, columns)
