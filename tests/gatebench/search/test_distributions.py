"""The distributions of a search: their values against hand-computed quantiles, their bounds, their texts, mistakes."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.search.distributions import Distribution, DrawnChoice, NumberRange

QUANTILES = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("distribution", "quantile", "value"),
    [
        (NumberRange(0, 0.5), 0.0, 0.0),
        (NumberRange(0, 0.5), 0.5, 0.25),
        (NumberRange(0, 0.5), 1 / 3, 0.166667),
        (NumberRange(-1, 3), 0.75, 2.0),
        (NumberRange(1e-6, 1e-2, log=True), 0.0, 1e-6),
        (NumberRange(1e-6, 1e-2, log=True), 0.5, 1e-4),
        (NumberRange(1e-6, 1e-2, log=True), 0.25, 1e-5),
        (NumberRange(1, 1000, log=True), 1 / 3, 10.0),
        (NumberRange(20, 200, whole=True), 0.0, 20),
        (NumberRange(20, 200, whole=True), 0.999999, 200),
        (NumberRange(0, 2, whole=True), 0.34, 1),
        (NumberRange(1, 4, log=True, whole=True), 0.499, 1),  # the median of 0.5 … 4.5 is 1.5
        (NumberRange(1, 4, log=True, whole=True), 0.501, 2),
        (DrawnChoice(("adam", "sgd"), "choice(adam,sgd)"), 0.499, "adam"),
        (DrawnChoice(("adam", "sgd"), "choice(adam,sgd)"), 0.5, "sgd"),
    ],
)
def test_values_at_quantiles(distribution: Distribution, quantile: float, value: object) -> None:
    assert distribution.value(quantile) == value


@given(low=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6), first=QUANTILES, second=QUANTILES)
def test_values_are_within_the_bounds_rise_with_the_quantile_and_are_short(
    low: float, width: float, first: float, second: float
) -> None:
    distribution = NumberRange(low, low + width)
    values = [distribution.value(quantile) for quantile in sorted([first, second])]
    assert low <= values[0] <= values[1] <= low + width
    assert all(float(f"{value:.6g}") == value for value in values if low < value < low + width)


@given(low=st.integers(1, 500), width=st.integers(1, 500), quantile=QUANTILES, log=st.booleans())
def test_whole_numbers_stay_whole_and_within_the_bounds(low: int, width: int, quantile: float, log: bool) -> None:
    value = NumberRange(low, low + width, log=log, whole=True).value(quantile)
    assert type(value) is int
    assert low <= value <= low + width


def test_whole_numbers_are_equally_likely() -> None:
    distribution = NumberRange(3, 7, whole=True)
    assert Counter(distribution.value((k + 0.5) / 1000) for k in range(1000)) == dict.fromkeys(range(3, 8), 200)


def test_texts_are_in_the_grammar_of_a_config() -> None:
    assert str(NumberRange(1e-6, 0.01, log=True)) == "tag(log, interval(1e-06, 0.01))"
    assert str(NumberRange(20, 200, whole=True)) == "int(interval(20, 200))"
    assert str(NumberRange(8, 512, log=True, whole=True)) == "tag(log, int(interval(8, 512)))"
    assert str(DrawnChoice((1, 2), "tag(draw,choice(1,2))")) == "tag(draw,choice(1,2))"


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ((5, 1, False), "wrong order"),
        ((2, 2, False), "only one value"),
        ((0, 1, True), "must be greater than 0"),
        ((-1, 1, True), "must be greater than 0"),
        ((0, float("inf"), False), "infinite bound"),
        ((float("nan"), 1, False), "infinite bound"),
    ],
)
def test_bounds_that_are_not_allowed(bounds: tuple[float, float, bool], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        NumberRange(bounds[0], bounds[1], log=bounds[2])


def test_a_choice_needs_two_values() -> None:
    with pytest.raises(UserError, match="fewer than two values"):
        DrawnChoice((1,), "tag(draw,choice(1))")


@given(
    low=st.floats(1e-9, 1e6),
    factor=st.floats(1.001, 1e3),
    log=st.booleans(),
    whole=st.booleans(),
    shift=st.floats(0, 5),
)
def test_the_text_of_a_range_is_read_again(low: float, factor: float, log: bool, whole: bool, shift: float) -> None:
    bounds = (float(int(low) + 1), float(int(low * factor) + 3)) if whole else (low, low * factor)
    if not log:
        bounds = (bounds[0] - round(shift), bounds[1])
    distribution = NumberRange(*bounds, log=log, whole=whole)
    assert NumberRange.of(str(distribution)) == distribution


@pytest.mark.parametrize(
    "text", ["tag(draw, choice(1, 2))", "interval(2, 1)", "interval(a, b)", "log", "interval(1, 2))"]
)
def test_other_texts_are_no_ranges(text: str) -> None:
    assert NumberRange.of(text) is None
