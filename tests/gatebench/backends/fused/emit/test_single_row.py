"""The products of one sequence, for several tiles of units at once: the same bits as in a batch."""

import pytest
import torch
from torch import Tensor

from gatebench import load_cell
from gatebench.backends import fused
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.single_row import single_row, tiles_at_once
from tests.gatebench.backends.agree import draw


def test_enough_sums_are_computed_at_once() -> None:
    layout = memory_layout(load_cell("lstm").definitions)
    assert tiles_at_once(layout.forward[0]) == 2  # of four gates, a vector each
    assert tiles_at_once(layout.backward[0]) == 4  # of one sum, two vectors each


def test_there_is_code_for_each_number_of_tiles() -> None:
    layout = memory_layout(load_cell("lstm").definitions)
    text = single_row(layout, "backward0_0", layout.backward[0], 0)
    assert [f"case {n}:" in text for n in range(6)] == [False, True, True, True, True, False]


@pytest.mark.parametrize("name", ["lstm", "lstm_peephole", "gru", "gru_before", "lstm_fgr", "mgu"])
@pytest.mark.parametrize("width", [6, 40, 150])
def test_one_sequence_alone_has_the_gradients_that_it_has_in_a_batch(name: str, width: int) -> None:
    cell = load_cell(name)
    weights, x, state = draw(cell, 5, 3, 7, width)
    asked = torch.randn(5, 3, width, generator=torch.Generator().manual_seed(1), dtype=x.dtype)

    def run(first: int, last: int) -> list[Tensor]:
        read = x[:, first:last].clone().requires_grad_()
        start = tuple(part[first:last].clone().requires_grad_() for part in state)
        output = fused.run(cell, weights, read, start, None, False).output
        return list(torch.autograd.grad((output * asked[:, first:last]).sum(), [read, *start]))

    together = run(0, 3)
    for number in range(3):
        alone = run(number, number + 1)
        assert torch.equal(alone[0][:, 0], together[0][:, number])
        assert all(torch.equal(a[0], b[number]) for a, b in zip(alone[1:], together[1:], strict=True))
