"""Statistics against scipy, against hand-computed values, and against nature (simulated coverage and error rates)."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gatebench.measures import arm_statistics
from gatebench.measures.arm_statistics import (
    Estimate,
    best,
    compare,
    estimate,
    holm,
    paired_differences,
    pairs_needed,
    sign_flip_p,
    smallest_p,
)

numbers = st.floats(-100, 100, allow_subnormal=False)


@given(st.lists(numbers, min_size=2, max_size=12).filter(lambda values: np.std(values) > 1e-6))
def test_interval_is_that_of_scipy(values: list[float]) -> None:
    got = estimate(values)
    expected = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (got.low, got.high) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert got.n == len(values)


def test_interval_by_hand() -> None:
    """t(0.975, 2) = 4.302653, s = 1."""
    assert estimate([1, 2, 3]).half_width == pytest.approx(4.302653 / 3**0.5, rel=1e-6)
    assert estimate([5.0]) == Estimate(5.0, None, 1)
    assert (estimate([5.0]).low, estimate([5.0]).high) == (None, None)
    assert estimate([0.1] * 3) == Estimate(0.1, 0.0, 3)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    intervals = [estimate(list(sample)) for sample in rng.normal(0.8, 0.03, (4000, 5))]
    covered = np.mean([interval.low <= 0.8 <= interval.high for interval in intervals])  # type: ignore[operator]
    assert covered == pytest.approx(0.95, abs=0.012)  # 3.5 standard errors


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_no_values_and_no_numbers_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"no values|not finite"):
        estimate(values)


def test_nan_never_passes_for_significant() -> None:
    with pytest.raises(ValueError, match="not finite"):
        sign_flip_p([1.0, float("nan")])


def test_pairs_are_the_shared_seeds() -> None:
    assert paired_differences({3: 5.0, 1: 2.0, 9: 0.0}, {1: 1.0, 3: 1.0, 4: 1.0}) == [1.0, 4.0]


def test_smallest_p_is_that_of_the_clearest_differences() -> None:
    for n, expected in {1: 1.0, 3: 0.25, 4: 0.125, 5: 0.0625, 6: 0.03125, 8: 0.0078125}.items():
        assert smallest_p(n) == sign_flip_p([1.0 + i for i in range(n)]) == expected


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
def test_sign_flip_is_the_enumeration_of_all_signs(differences: list[int]) -> None:
    """Integers: ties are exact in the enumeration; thirds make them inexact in the function."""
    sums = [abs(sum(map(int.__mul__, signs, differences))) for signs in product((1, -1), repeat=len(differences))]
    expected = np.mean([total >= abs(sum(differences)) for total in sums])
    assert sign_flip_p([difference / 3 for difference in differences]) == expected


def test_sign_flip_is_that_of_scipy() -> None:
    differences = list(np.random.default_rng(1).normal(0.5, 1, 10))
    scipys = stats.permutation_test(
        [differences], np.mean, permutation_type="samples", n_resamples=100_000, vectorized=False
    )
    assert sign_flip_p(differences) == pytest.approx(scipys.pvalue, rel=1e-12)


@given(st.lists(numbers, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_sign_flip_knows_neither_order_nor_sign(differences: list[float], random: object) -> None:
    shuffled = sorted(differences)
    assert sign_flip_p(shuffled) == sign_flip_p(differences) == sign_flip_p([-value for value in differences])


def test_sign_flip_errs_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    p_values = [sign_flip_p(list(sample)) for sample in rng.normal(0, 1, (3000, 8))]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(12 / 256, abs=0.014)


def test_many_pairs_are_sampled_close_to_the_exact_p(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = list(np.random.default_rng(6).normal(0.3, 1, 30))
    exact = sign_flip_p(differences)
    monkeypatch.setattr(arm_statistics, "MOST_EXACT_PAIRS", 10)
    sampled = sign_flip_p(differences)
    assert 0.01 < exact < 0.5
    assert sampled != exact
    assert sampled == pytest.approx(exact, abs=4 * (exact / 99_999) ** 0.5)
    assert sampled == sign_flip_p(differences)
    assert sign_flip_p([1.0] * 60) == 1 / 100_000


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_only_raises(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= c <= 1 for p, c in zip(p_values, corrected, strict=True))
    assert [c for _, c in sorted(zip(p_values, corrected, strict=True))] == sorted(corrected)
    assert holm(p_values[::-1]) == corrected[::-1]


def arms(seeds: int, **shifts: float) -> dict[str, dict[int, float]]:
    """Return arms that share a large effect of the seed, each shifted and with a little noise of its own."""
    rng = np.random.default_rng(11)
    effect = rng.normal(0, 1, seeds)
    return {name: dict(enumerate(effect + shift + rng.normal(0, 0.01, seeds))) for name, shift in shifts.items()}


def test_pairing_takes_the_effect_of_the_seed_away() -> None:
    result = compare(arms(8, lstm=0, cifg=-0.1), "lstm")["cifg"]
    assert result.difference.mean == pytest.approx(-0.1, abs=0.01)
    assert result.difference.half_width == pytest.approx(0.01, abs=0.01)
    assert result.p == result.p_holm == smallest_p(8)
    assert result.attainable


def test_what_could_not_become_significant_is_said_to_be_so() -> None:
    for comparisons in (1, 4):
        shifts = {f"arm{index}": index + 1.0 for index in range(comparisons)}
        needed = pairs_needed(comparisons)
        few, enough = (compare(arms(n, base=0, **shifts), "base").values() for n in (needed - 1, needed))
        assert not any(result.attainable or result.p_holm <= 0.05 for result in few)
        assert all(result.attainable and result.p_holm <= 0.05 for result in enough)


def test_a_difference_that_is_not_there_is_no_lack_of_seeds() -> None:
    result = compare({"base": dict.fromkeys(range(8), 0.5), "same": dict.fromkeys(range(8), 0.5)}, "base")["same"]
    assert (result.p, result.attainable) == (1.0, True)


def test_an_arm_with_fewer_seeds_than_the_others_is_told_apart() -> None:
    """Six pairs reach p = 1/32 and no less; second of three in Holm's order, that is 1/16."""
    population = arms(8, base=0, clear=1, twin=0)
    population["short"] = {seed: population["base"][seed] + 1 for seed in range(6)}
    results = compare(population, "base")
    assert [results[name].attainable for name in ("clear", "twin", "short")] == [True, True, False]


def test_an_arm_without_a_shared_seed_is_not_compared() -> None:
    assert compare({"base": {0: 1.0}, "other": {1: 1.0}}, "base") == {}


def test_best_is_all_that_cannot_be_told_from_the_best() -> None:
    population = arms(5, lstm=0, twin=0.001, worse=-0.2)
    assert best(population, "max") == {"lstm", "twin"}
    assert best(population, "min") == {"worse"}


def test_one_seed_tells_nothing_apart() -> None:
    assert best({"a": {0: 1.0}, "b": {0: 0.0}}, "max") == {"a", "b"}
    assert best({}, "max") == set()


def test_equal_scores_are_a_tie_and_a_constant_difference_is_not() -> None:
    scores = {0: 0.5, 1: 0.75}
    worse = {seed: score - 0.25 for seed, score in scores.items()}
    assert best({"a": scores, "b": dict(scores), "c": worse}, "max") == {"a", "b"}
