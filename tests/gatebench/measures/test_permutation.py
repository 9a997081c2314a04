"""Permutation tests against the enumeration of all splits, scipy, and nature (simulated error rates)."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gatebench.measures import permutation
from gatebench.measures.permutation import (
    permutation_p,
    random_orders,
    smallest_p,
    sorting_orders,
    split_test,
    split_tests,
)

numbers = st.floats(-100, 100, allow_subnormal=False)
integers = st.integers(-5, 5)


def squared_t(first: Sequence[int], second: Sequence[int]) -> tuple[int, float]:
    """Return t² as (1, ∞) if the difference has no error, else (0, t²); t² in integers up to the last division."""
    n1, n2 = len(first), len(second)
    difference = sum(first) * n2 - sum(second) * n1
    squares = [len(x) * sum(v * v for v in x) - sum(x) ** 2 for x in (first, second)]
    error = sum(s / (n * n * (n - 1)) if n > 1 else 0 for s, n in zip(squares, (n1, n2), strict=True))
    if not error:
        return (1, 0.0) if difference else (0, 0.0)
    return 0, difference**2 / error


def enumerated_p(first: Sequence[int], second: Sequence[int]) -> float:
    """Return the share of the splits that have a t² at least as large as the observed one."""
    scores = [*first, *second]
    observed = squared_t(first, second)
    count = total = 0
    for chosen in combinations(range(len(scores)), len(first)):
        rest = [scores[i] for i in range(len(scores)) if i not in chosen]
        infinite, value = squared_t([scores[i] for i in chosen], rest)
        count += infinite > observed[0] or (infinite == observed[0] and value >= observed[1] * (1 - 1e-9))
        total += 1
    return count / total


@given(st.lists(integers, min_size=1, max_size=5), st.lists(integers, min_size=1, max_size=5))
def test_p_is_the_enumeration_of_all_splits(first: list[int], second: list[int]) -> None:
    """Integers: ties are exact in the enumeration; thirds make them inexact in the function."""
    got = permutation_p([value / 3 + 0.1 for value in first], [value / 3 + 0.1 for value in second])
    assert got == pytest.approx(enumerated_p(first, second), abs=1e-12)


@pytest.mark.parametrize("sizes", [(5, 5), (4, 6)])
def test_p_is_that_of_scipy(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    samples = [rng.normal(shift, 1 + shift, n) for shift, n in zip((0.0, 1.0), sizes, strict=True)]

    def absolute_t(first: np.ndarray, second: np.ndarray) -> float:
        return abs(float(stats.ttest_ind(first, second, equal_var=False).statistic))

    scipys = stats.permutation_test(
        samples, absolute_t, permutation_type="independent", alternative="greater", vectorized=False
    )
    assert permutation_p(*map(list, samples)) == pytest.approx(scipys.pvalue, rel=1e-12)


def test_scores_without_spread() -> None:
    assert permutation_p([1.0] * 5, [1.0] * 5) == 1.0
    assert permutation_p([1.0] * 5, [0.99] * 5) == smallest_p(5, 5) == 2 / 252
    assert permutation_p([1.0] * 5, [0.99] * 4) == smallest_p(5, 4) == 1 / 126
    assert permutation_p([1.0], [0.0]) == 1.0
    assert permutation_p([0.1 + 0.2] * 4, [0.3] * 4) == 2 / 70  # differs by rounding: a difference all the same


@given(st.lists(numbers, min_size=2, max_size=5), st.lists(numbers, min_size=2, max_size=5))
def test_p_knows_neither_order_nor_sign(first: list[float], second: list[float]) -> None:
    p = permutation_p(first, second)
    assert permutation_p(sorted(first), sorted(second)) == p
    assert permutation_p([-value for value in first], [-value for value in second]) == p
    assert permutation_p(second, first) == p
    assert smallest_p(len(first), len(second)) <= p <= 1


@given(st.lists(integers, min_size=2, max_size=5))
def test_with_equal_n_t_orders_the_splits_as_the_difference_does(first: list[int]) -> None:
    second = [value * value - 2 for value in first[::-1]]
    test = split_test(first, second)
    scores = np.array([*first, *second])
    sums = [
        abs(2 * scores[list(chosen)].sum() - scores.sum()) for chosen in combinations(range(len(scores)), len(first))
    ]
    expected = np.mean([total >= abs(sum(first) - sum(second)) for total in sums])
    assert test.p() == pytest.approx(expected, abs=1e-12)


def test_smallest_p_is_that_of_the_clearest_difference() -> None:
    for n, expected in {1: 1.0, 2: 1 / 3, 3: 0.1, 4: 2 / 70, 5: 2 / 252, 8: 2 / 12870}.items():
        assert smallest_p(n, n) == permutation_p(range(n), range(100, 100 + n)) == expected
    assert smallest_p(3, 5) == permutation_p(range(3), range(100, 105)) == 1 / 56


def test_many_scores_are_sampled_close_to_the_exact_p(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    first, second = list(rng.normal(0.9, 1, 8)), list(rng.normal(0, 1, 8))
    exact = permutation_p(first, second)
    monkeypatch.setattr(permutation, "MOST_SPLITS", 4000)
    permutation._splits.cache_clear()
    sampled = permutation_p(first, second)
    permutation._splits.cache_clear()
    assert 0.01 < exact < 0.5
    assert sampled != exact
    assert sampled == pytest.approx(exact, abs=4 * (exact / 4000) ** 0.5)


def test_a_sampled_p_is_never_zero_and_always_the_same() -> None:
    assert permutation_p(range(20), range(100, 120)) == smallest_p(20, 20) == 1 / 25_000
    first, second = np.random.default_rng(0).normal(0, 1, (2, 20)).tolist()
    assert permutation_p(first, second) == permutation_p(first, second)


def test_p_errs_as_often_as_it_says() -> None:
    samples = np.random.default_rng(3).normal(0, 1, (1500, 2, 5))
    p_values = np.array([permutation_p(first, second) for first, second in samples.tolist()])
    assert np.mean(p_values <= 0.05) == pytest.approx(12 / 252, abs=0.017)


@pytest.mark.parametrize("sizes", [(5, 5), (4, 6), (2, 9)])
def test_the_interval_is_where_p_exceeds_its_level(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(8)
    for _ in range(20):
        test = split_test(rng.normal(0, 1, sizes[0]).tolist(), rng.normal(1, 2, sizes[1]).tolist())
        interval = test.interval(0.9)
        assert interval is not None
        low, high = interval
        margin = 1e-3 * (high - low)
        assert low < test.difference < high
        assert test.p(low + margin) > 0.1 >= test.p(low - margin)
        assert test.p(high - margin) > 0.1 >= test.p(high + margin)


def test_a_test_does_not_depend_on_the_pairs_beside_it() -> None:
    rng = np.random.default_rng(9)
    sizes = [(4, 4), (5, 3), (4, 4), (12, 12), *[(3, 4)] * 40, (12, 12)]
    pairs = [(rng.normal(0, 1, n1).tolist(), rng.normal(1, 2, n2).tolist()) for n1, n2 in sizes]
    together = dict(split_tests(pairs))
    assert sorted(together) == list(range(len(pairs)))
    for index, pair in enumerate(pairs):
        alone = split_test(*pair)
        assert together[index].p() == alone.p() == permutation_p(*pair)
        assert together[index].interval(0.9) == pytest.approx(alone.interval(0.9), rel=1e-9)


def test_there_is_no_interval_if_no_difference_can_be_rejected() -> None:
    assert split_test([1, 2, 3], [7, 8, 9]).interval(0.95) is None
    assert split_test([1, 2, 3], [7, 8, 9]).interval(0.9) is not None


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    samples = np.random.default_rng(4).normal(0, 1, (1000, 10))
    intervals = [split_test(s[:5], s[5:]).interval(0.9) for s in samples.tolist()]
    covered = np.mean([low <= 0 <= high for low, high in filter(None, intervals)])
    assert covered == pytest.approx(0.9, abs=0.03)


def test_equal_scores_have_an_interval_of_one_point() -> None:
    for sizes in ((4, 4), (4, 5)):
        assert split_test([0.5] * sizes[0], [0.5] * sizes[1]).interval(0.95) == (0.0, 0.0)
        low, high = split_test([0.75] * sizes[0], [0.5] * sizes[1]).interval(0.95) or (0.0, 0.0)
        assert (low, high) == pytest.approx((0.25, 0.25), rel=1e-5)


def test_nan_never_passes_for_significant() -> None:
    with pytest.raises(ValueError, match="not finite"):
        permutation_p([1.0, float("nan")], [1.0])


@pytest.mark.parametrize("total", [1, 2, 3, 80, 2000, 5000, 20_000])
def test_sorting_orders_are_those_of_argsort(total: int) -> None:
    numbers = np.random.default_rng(total).random((max(3, 20_000 // total), total))
    assert np.array_equal(sorting_orders(numbers), np.argsort(numbers, axis=1))
    close = 0.5 + numbers * 2.0**-18  # all share their first 16 bits
    assert np.array_equal(sorting_orders(close[:2, :300]), np.argsort(close[:2, :300], axis=1))


@pytest.mark.parametrize("sizes", [(10, 10), (9, 11), (1, 2000), (30, 3), (40, 40)])
def test_sampled_splits_are_the_starts_of_random_orders(
    sizes: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permutation, "MOST_SPLITS", count := 600)
    n1, total = sizes[0], sum(sizes)
    first = [{*range(n1)}, *(set(row[:n1].tolist()) for orders in random_orders(count, total) for row in orders)]
    del first[1]
    splits = permutation._splits.__wrapped__(*sizes)
    assert splits.in_first.shape == (count, total)
    assert [set(np.flatnonzero(row).tolist()) for row in splits.in_first] == first
