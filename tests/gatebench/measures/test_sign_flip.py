"""The sign-flip test against the enumeration of all signs, scipy, and nature (simulated error rates)."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gatebench.measures import sign_flip
from gatebench.measures.sign_flip import sign_flip_interval, sign_flip_p, smallest_sign_flip_p

numbers = st.floats(-100, 100, allow_subnormal=False)


def test_nan_never_passes_for_significant() -> None:
    with pytest.raises(ValueError, match="not finite"):
        sign_flip_p([1.0, float("nan")])


def test_smallest_sign_flip_p_is_that_of_the_clearest_differences() -> None:
    for n, expected in {1: 1.0, 3: 0.25, 4: 0.125, 5: 0.0625, 6: 0.03125, 8: 0.0078125}.items():
        assert smallest_sign_flip_p(n) == sign_flip_p([1.0 + i for i in range(n)]) == expected


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
def test_sign_flip_is_the_enumeration_of_all_signs(differences: list[int]) -> None:
    sums = [abs(sum(map(int.__mul__, signs, differences))) for signs in product((1, -1), repeat=len(differences))]
    expected = np.mean([total >= abs(sum(differences)) for total in sums])
    assert sign_flip_p([difference / 3 for difference in differences]) == expected


def test_sign_flip_is_that_of_scipy() -> None:
    differences = list(np.random.default_rng(1).normal(0.5, 1, 10))
    scipys = stats.permutation_test(
        [differences], np.mean, permutation_type="samples", n_resamples=100_000, vectorized=False
    )
    assert sign_flip_p(differences) == pytest.approx(scipys.pvalue, rel=1e-12)


@given(st.lists(numbers, min_size=1, max_size=8))
def test_sign_flip_knows_neither_order_nor_sign(differences: list[float]) -> None:
    assert sign_flip_p(sorted(differences)) == sign_flip_p(differences) == sign_flip_p([-d for d in differences])


def test_sign_flip_errs_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    p_values = [sign_flip_p(list(sample)) for sample in rng.normal(0, 1, (3000, 8))]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(12 / 256, abs=0.014)


def test_many_pairs_are_sampled_close_to_the_exact_p(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = list(np.random.default_rng(6).normal(0.3, 1, 30))
    exact = sign_flip_p(differences)
    monkeypatch.setattr(sign_flip, "MOST_EXACT_PAIRS", 10)
    sampled = sign_flip_p(differences)
    assert 0.01 < exact < 0.5
    assert sampled != exact
    assert sampled == pytest.approx(exact, abs=4 * (exact / 99_999) ** 0.5)
    assert sampled == sign_flip_p(differences)
    assert sign_flip_p([1.0] * 60) == smallest_sign_flip_p(60) == 1 / 100_000


def test_the_paired_interval_is_where_p_exceeds_its_level() -> None:
    rng = np.random.default_rng(8)
    for n in (6, 8):
        differences = rng.normal(1, 1, n)
        low, high = sign_flip_interval(differences.tolist(), 0.9) or (0.0, 0.0)
        margin = 1e-6

        def p(delta: float, differences: np.ndarray = differences) -> float:
            return sign_flip_p((differences - delta).tolist())

        assert low < differences.mean() < high
        assert p(low + margin) > 0.1 >= p(low - margin)
        assert p(high - margin) > 0.1 >= p(high + margin)
    assert sign_flip_interval([1.0, 2.0, 3.0], 0.9) is None
