"""The hidden size for a number of parameters: the nearest one, as counted by hand, or a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench import Recurrent, load_cell
from gatebench.derive.matched_size import NetworkFrame, layer_parameters, matched_size
from gatebench.errors import UserError


def lstm_with_a_head(hidden_size: int) -> int:
    """Return the number of parameters of an LSTM with 88 inputs and a head with 88 outputs, as in Chung et al. 2014."""
    return 4 * (88 * hidden_size + hidden_size**2 + hidden_size) + 88 * (hidden_size + 1)


def test_the_nearest_size_is_found() -> None:
    assert [lstm_with_a_head(size) for size in (36, 37)] == [21256, 21992]
    assert matched_size(21256, lstm_with_a_head, "lstm") == 36
    assert matched_size(21624, lstm_with_a_head, "lstm") == 36
    assert matched_size(21625, lstm_with_a_head, "lstm") == 37
    assert matched_size(lstm_with_a_head(1), lstm_with_a_head, "lstm") == 1


@given(st.integers(536, 10**9))
def test_no_other_size_is_nearer(budget: int) -> None:
    size = matched_size(budget, lstm_with_a_head, "lstm")
    distances = {one: abs(lstm_with_a_head(one) - budget) for one in (size - 1, size, size + 1) if one}
    assert min(distances, key=lambda one: (distances[one], one)) == size


def test_a_number_without_a_size_is_refused() -> None:
    with pytest.raises(UserError, match=r"model\.parameters is 500; it must be at least 536, the number of .* of lstm"):
        matched_size(500, lstm_with_a_head, "lstm")
    with pytest.raises(UserError, match=r"does not grow with the hidden size .7 with 1 units, 7 with 2."):
        matched_size(50, lambda size: 7, "flat")
    with pytest.raises(UserError, match="does not grow with the hidden size"):
        matched_size(90, lambda size: 100 if size == 8 else size + (size == 6) * 50, "uneven")


@pytest.mark.parametrize(("layers", "directions"), [(1, 1), (3, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("cell", ["lstm", "lstm_fgr", "gru", "rnn_tanh", "indrnn"])
def test_the_layers_have_the_parameters_of_the_module(cell: str, layers: int, directions: int) -> None:
    module = Recurrent(load_cell(cell), 5, 6, layers, bidirectional=directions == 2, backend="reference")
    counted = sum(weight.numel() for weight in module.parameters())
    assert layer_parameters(load_cell(cell), 5, 6, layers, directions) == counted


def test_the_frame_is_linear_in_the_units() -> None:
    assert NetworkFrame(inputs=3, encoder=10, head=4, head_per_unit=2).parameters(7) == 28
