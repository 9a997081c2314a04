import pytest

from gatebench import load_cell
from gatebench.backends.triton.emit.plan import plan
from gatebench.backends.triton.tiles import has_input_width, on_chip_bytes, padded, tile, widest

LSTM = plan(load_cell("lstm").definitions)
A100, H100 = 163 * 1024, 227 * 1024


def test_a_width_is_padded_to_a_power_of_two() -> None:
    assert [padded(units) for units in (1, 16, 17, 64, 65, 100)] == [16, 16, 32, 64, 128, 128]


def test_the_width_of_the_input_counts_only_where_the_loop_has_such_a_value() -> None:
    attention = plan(load_cell("lstm_attention_input").definitions)
    assert not has_input_width(LSTM)
    assert has_input_width(attention)
    assert has_input_width(plan(load_cell("mut1").definitions))
    assert tile(LSTM, "float32", 300, 20, A100).wide_i == 16
    assert tile(attention, "float32", 300, 20, A100).wide_i == 512


def test_programs_cover_the_batch() -> None:
    assert [tile(LSTM, "float32", 1, 8, A100).programs(B) for B in (1, 4, 5)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("cell", "dtype", "limit", "most"),
    [
        ("lstm", "float32", A100, 64),
        ("lstm", "bfloat16", A100, 128),
        ("lstm", "float32", H100, 64),
        ("gru", "float32", H100, 128),
        ("rnn_tanh", "bfloat16", H100, 256),
    ],
)
def test_the_largest_size_whose_weights_stay_on_chip(cell: str, dtype: str, limit: int, most: int) -> None:
    planned = plan(load_cell(cell).definitions)
    assert tile(planned, dtype, 8, most, limit).on_chip
    assert not tile(planned, dtype, 8, most + 1, limit).on_chip
    assert on_chip_bytes(planned, dtype, 8, most) <= limit < on_chip_bytes(planned, dtype, 8, most + 1)


def test_blocks_are_no_wider_than_the_tile() -> None:
    narrow, wide = (tile(LSTM, "float32", 8, H, A100) for H in (5, 200))
    assert (narrow.block_h, wide.block_h, wide.block_i) == (16, 32, 16)
    assert widest(plan(load_cell("lstm_attention_input").definitions), 300, 20) == 512
