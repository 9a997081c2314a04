import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from gatebench.errors import UserError
from tasks.series.windows import Windows, standardize, window_spans

N, I = 40, 3  # noqa: E741
VALUES = torch.randn(N, I, generator=torch.Generator().manual_seed(0))


@settings(deadline=None)
@given(st.data(), st.booleans())
def test_a_window_is_an_input_and_the_steps_after_it(data: st.DataObject, subtract_last: bool) -> None:
    inputs, horizon = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    first = data.draw(st.integers(0, N - inputs - horizon))
    count = data.draw(st.integers(1, N - inputs - horizon - first + 1))
    outputs = data.draw(st.integers(1, I))
    indices = torch.tensor(data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=5)))
    batch = Windows(VALUES, outputs, inputs, horizon, first, count, subtract_last).batch(indices)
    assert batch.x.shape == (inputs, len(indices), I)
    assert batch.x.is_contiguous()
    assert batch.lengths is None
    for column, index in enumerate(indices.tolist()):
        begin = first + index
        past, future = VALUES[begin : begin + inputs], VALUES[begin + inputs : begin + inputs + horizon, :outputs]
        last = past[-1] if subtract_last else torch.zeros(I)
        assert torch.equal(batch.x[:, column], past - last)
        assert torch.equal(batch.y[column].view(horizon, outputs), future - last[:outputs])


def test_windows_are_views_and_batches_are_not() -> None:
    windows, kept = Windows(VALUES.clone(), I, 5, 4, 2, 10), VALUES.clone()
    assert windows._view().untyped_storage().data_ptr() == windows.values.untyped_storage().data_ptr()
    batch = windows.batch(torch.arange(10))
    batch.x.zero_()
    batch.y.zero_()
    assert torch.equal(windows.values, kept)


@pytest.mark.parametrize("index", [10, -1])
def test_indices_outside_the_part_are_refused(index: int) -> None:
    with pytest.raises((IndexError, RuntimeError)):
        Windows(VALUES, I, 5, 4, 2, 10).batch(torch.tensor([index]))


@pytest.mark.parametrize(("first", "count"), [(0, N - 5 - 4 + 2), (-1, 3), (N, 1)])
def test_windows_beyond_the_series_are_refused(first: int, count: int) -> None:
    with pytest.raises(ValueError, match="do not hold windows"):
        Windows(VALUES, I, 5, 4, first, count)


def test_values_that_are_not_contiguous_are_refused() -> None:
    with pytest.raises(ValueError, match="do not hold windows"):
        Windows(torch.randn(I, N).T, I, 5, 4, 0, 3)


def test_parts_agree_with_the_published_code() -> None:
    """In the published code a part begins `input_length` steps early and has all windows that fit, one step apart."""
    borders = [(0, 8640), (8640 - 96, 11_520), (11_520 - 96, 14_400)]
    expected = [(begin, end - begin - 96 - 24 + 1) for begin, end in borders]
    assert window_spans((8640, 11_520, 14_400), 96, 24, "ETTh1") == expected


@settings(deadline=None)
@given(st.tuples(*[st.integers(1, 30)] * 3), st.integers(1, 12), st.integers(1, 12))
def test_a_part_forecasts_all_its_steps_and_no_others(parts: tuple[int, int, int], L: int, H: int) -> None:
    ends = np.cumsum(parts).tolist()
    try:
        spans = window_spans(ends, L, H, "x")
    except UserError:
        assert parts[0] < L + H or min(parts[1:]) < H
        return
    begins = [L, *ends[:-1]]
    for (first, count), begin, end in zip(spans, begins, ends, strict=True):
        assert first >= 0
        targets = {first + window + L + step for window in range(count) for step in range(H)}
        assert targets == set(range(begin, end))


def test_a_short_series_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        window_spans((100, 116, 144), 96, 6, "airline.csv")
    assert str(caught.value) == (
        "airline.csv is too short: its 144 steps are split after 100 and 116, and the training part has no window of "
        "96 steps of input and 6 of forecast; lower task.input_length or task.horizon."
    )
    with pytest.raises(UserError, match=r"the validation part has no window of 24 steps of input and 17 of"):
        window_spans((100, 116, 144), 24, 17, "airline.csv")


def test_the_training_part_gives_mean_and_scale() -> None:
    values = np.random.default_rng(0).normal(7, 3, (N, I)) * [1, 1e-6, 1e9]
    scaled = standardize(values, 25, ("a", "b", "c"), "x.csv")
    np.testing.assert_allclose(scaled, StandardScaler().fit(values[:25]).transform(values), rtol=1e-5, atol=1e-6)
    assert scaled.dtype == torch.float32
    assert standardize(np.asfortranarray(values), 25, ("a", "b", "c"), "x.csv").is_contiguous()


@pytest.mark.parametrize("value", [0.0, 0.1, 1e300, -7e-9])
def test_a_constant_column_is_refused_by_name(value: float) -> None:
    values = np.random.default_rng(0).normal(size=(N, I))
    values[:25, 1] = value
    with pytest.raises(UserError, match=r"^Column 'b' of x\.csv is .* in all 25 steps for training, so that it cannot"):
        standardize(values, 25, ("a", "b", "c"), "x.csv")


@pytest.mark.parametrize(("row", "value"), [(3, 1e200), (30, 1e300), (3, 1.7e308)])
def test_numbers_too_large_are_refused_by_name(row: int, value: float) -> None:
    values = np.random.default_rng(0).normal(size=(N, I))
    values[row, 2] = value
    with pytest.raises(UserError, match=r"^Column 'c' of x\.csv has numbers that are too large or too close together"):
        standardize(values, 25, ("a", "b", "c"), "x.csv")
