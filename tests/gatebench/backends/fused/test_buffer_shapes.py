"""Where planes lie in a compiled's buffers."""

import torch

from gatebench import load_cell
from gatebench.backends.fused.buffer_shapes import buffer_shapes
from gatebench.backends.fused.emit.memory_layout import memory_layout


def test_rows_of_the_ring_are_an_odd_number_of_vectors() -> None:
    sizes = buffer_shapes(memory_layout(load_cell("lstm").definitions), 16, 1, 1, 1, 64)
    assert sizes.columns["ring"] // 16 % 2 == 1
    assert sizes.columns["saved"] == 4 * 64


def test_a_plane_is_what_lies_between_the_paddings() -> None:
    layout = memory_layout(load_cell("lstm").definitions)
    sizes = buffer_shapes(layout, 8, 3, 2, 1, 5)
    buffer = torch.arange(3 * 2 * sizes.columns["saved"]).view(3, 2, -1)
    where = layout.places["f[t]"]
    first = where.h_before * 8
    assert torch.equal(sizes.plane(buffer, where, 2, 1), buffer[1:, :, first : first + 5])
    assert torch.equal(sizes.slot(buffer, where, 2, 5), buffer[2, :, first : first + 5])
