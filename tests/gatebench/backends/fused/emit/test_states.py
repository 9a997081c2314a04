"""The copies of the initial and the final states."""

import pytest
import torch

from gatebench import load_cell
from gatebench.backends import fused, reference
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.states import states_text
from tests.gatebench.backends.agree import draw


def test_each_state_has_a_row_in_its_stream() -> None:
    text = states_text(memory_layout(load_cell("lstm").definitions))
    assert "begin_state(a, a->start[1] + b * a->H, STATE_ROW(STREAM_MEMORY, 0, 0));" in text
    assert "end_state(a, a->final[0] + b * a->H, STATE_ROW(STREAM_OUTPUT, 0, steps));" in text


@pytest.mark.parametrize("name", ["lstm", "gru", "slstm", "mingru"])
def test_final_states_are_those_of_the_last_step_of_each_sequence(name: str) -> None:
    cell, lengths = load_cell(name), torch.tensor([4, 0, 6])
    weights, x, state = draw(cell, 6, 3, 5, 7)
    ours = fused.run(cell, weights, x, state, lengths, False).state
    plain = reference.run(cell, weights, x, state, lengths, False).state
    assert all(torch.equal(part[1], start[1]) for part, start in zip(ours, state, strict=True))
    torch.testing.assert_close(ours, plain, atol=1e-6, rtol=1e-5)


def test_a_state_that_is_not_contiguous_is_read() -> None:
    cell = load_cell("lstm")
    weights, x, state = draw(cell, 3, 2, 4, 5)
    other = tuple(part.t().contiguous().t() for part in state)
    assert not other[0].is_contiguous()
    expected = fused.run(cell, weights, x, state, None, False).output
    assert torch.equal(fused.run(cell, weights, x, other, None, False).output, expected)
