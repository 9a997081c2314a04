"""The best set: what it keeps, and what it leaves out."""

import numpy as np
import pytest
from scipy import stats

from gatebench.errors import UserError
from gatebench.measures.best_set import best, critical_value, leads, means_and_errors, permutation_limit, step_down
from gatebench.measures.comparisons import ArmScores


def normal_arms(n: int, **means: float) -> dict[str, ArmScores]:
    rng = np.random.default_rng(5)
    return {name: ArmScores(dict(enumerate(rng.normal(mean, 1, n).tolist()))) for name, mean in means.items()}


def test_best_is_all_that_cannot_be_told_from_the_best() -> None:
    arms = normal_arms(8, lstm=10, twin=10.1, worse=0)
    assert best(arms, "max") == {"lstm", "twin"}
    assert best(arms, "min") == {"worse"}


def test_one_seed_tells_nothing_apart() -> None:
    assert best({"a": ArmScores({0: 1.0}), "b": ArmScores({0: 0.0})}, "max") == {"a", "b"}
    assert best({"a": ArmScores({0: 1.0})}, "max") == {"a"}
    assert best({}, "max") == set()
    assert best({"a": ArmScores({0: 1.0}), "none": ArmScores({})}, "max") == {"a"}


def test_equal_scores_are_a_tie_and_a_constant_difference_is_not() -> None:
    same, lower = ArmScores(dict.fromkeys(range(5), 1.0)), ArmScores(dict.fromkeys(range(5), 0.9))
    assert best({"a": same, "b": same, "c": lower}, "max") == {"a", "b"}
    few = {name: ArmScores(dict.fromkeys(range(3), score)) for name, score in (("a", 1.0), ("b", 0.9))}
    assert best(few, "max") == {"a", "b"}


def test_diverged_trials_have_the_worst_rank() -> None:
    scores = {seed: 0.8 + 0.001 * seed for seed in range(8)}
    arms = {
        "steady": ArmScores(scores),
        "twin": ArmScores({seed: score + 0.0001 for seed, score in scores.items()}),
        "lost": ArmScores({7: 0.99}, frozenset(range(7))),
    }
    assert best(arms, "max") == {"steady", "twin"}


def test_a_paired_test_takes_the_effect_of_the_seed_away() -> None:
    rng = np.random.default_rng(3)
    effect = rng.normal(0, 1, 8)
    arms = {
        name: ArmScores(dict(enumerate((effect + mean + rng.normal(0, 0.01, 8)).tolist())))
        for name, mean in (("a", 0.0), ("b", 0.001), ("c", -0.3))
    }
    assert best(arms, "max") == {"a", "b", "c"}
    assert best(arms, "max", test="paired") == {"a", "b"}
    with pytest.raises(UserError, match="a has the seeds 0, 1, 2, 3, 4, 5, 6, 7, and b has 0, 1"):
        best(arms | {"b": ArmScores({0: 1.0, 1: 2.0})}, "max", test="paired")
    with pytest.raises(UserError, match="no test 'welch'"):
        best(arms, "max", test="welch")


def test_paired_scores_of_which_some_diverged() -> None:
    scores = {seed: 0.8 + 0.001 * seed for seed in range(12)}
    arms = {
        "a": ArmScores(scores),
        "same": ArmScores(scores),
        "lost": ArmScores({}, frozenset(range(12))),
    }
    assert best(arms, "max", test="paired") == {"a", "same"}


def test_an_arm_with_one_trial_is_kept_and_if_it_is_the_best_all_are() -> None:
    arms = normal_arms(8, a=10, b=0)
    assert best(arms | {"one": ArmScores({0: 1.0})}, "max") == {"a", "one"}
    assert best(arms | {"one": ArmScores({0: 99.0})}, "max") == {"a", "b", "one"}


def test_arms_may_have_different_numbers_of_trials() -> None:
    arms = normal_arms(8, a=10, b=10) | {"few": ArmScores({0: 1.0, 1: 2.0, 2: 1.5, 3: 0.5})}
    assert best(arms, "max") == {"a", "b"}


def test_an_exploding_arm_does_not_hide_the_others() -> None:
    arms = normal_arms(8, a=0, b=0, c=6) | {"exploded": ArmScores({seed: 1e9 * (1 + seed) for seed in range(8)})}
    assert best(arms, "min") == {"a", "b"}


def test_leads_are_welchs_t() -> None:
    rng = np.random.default_rng(0)
    scores = [rng.normal(shift, 1, n) for shift, n in ((0.0, 4), (3.0, 6), (1.0, 5))]
    means, errors = means_and_errors(np.concatenate(scores)[None], np.array([4, 6, 5]))
    assert means[0] == pytest.approx([values.mean() for values in scores])
    expected = [stats.ttest_ind(scores[1], scores[arm], equal_var=False).statistic for arm in (0, 2)]
    assert leads(means, errors)[0, [0, 2]] == pytest.approx(expected)
    assert leads(means, errors)[0, 1] == 0
    assert leads(np.array([[1.0, 1.0, 0.5]]), np.zeros((1, 3))).tolist() == [[0, 0, float("inf")]]


def test_equal_scores_have_no_error() -> None:
    table = np.array([[0.3, 0.1 + 0.2, 0.3, 1e6, 1e6, 1e6, 1.0, 1.0, 1.0 + 1e-3]])
    errors = means_and_errors(table, np.array([3, 3, 3]))[1][0]
    assert errors[:2].tolist() == [0, 0]
    assert errors[2] > 0


def test_the_critical_value_for_two_arms_of_known_variance_is_that_of_the_normal_distribution() -> None:
    """The lead of the better of two equal arms is |N(0, 1)|."""
    normal = np.random.default_rng(0).standard_normal((40_000, 2))
    limit = critical_value(np.array([1.0, 4.0]), normal, np.ones_like(normal))
    assert limit == pytest.approx(stats.norm.isf(0.02), abs=0.03)


@pytest.mark.parametrize("number", range(12))
def test_the_permutation_limit_is_that_of_the_permuted_tables_to_the_last_bit(number: int) -> None:
    rng = np.random.default_rng(number)
    counts = rng.integers(2, 9, rng.integers(2, 10))
    scores = rng.normal(0.8, 0.1, counts.sum())
    if number % 3 == 0:
        scores = scores.round(1)  # ties
    orders = np.argsort(rng.random((rng.integers(250, 600), scores.size)), axis=1)
    parts = [orders[start : start + 250] for start in range(0, len(orders), 250)]
    largest = np.concatenate([leads(*means_and_errors(scores[part], counts)).max(axis=1) for part in parts])
    expected = np.sort(largest)[largest.size - int(0.05 * (largest.size + 1))]
    assert permutation_limit(scores, counts, orders) == expected
    assert permutation_limit(scores, counts, orders.astype(np.uint8)) == expected


def test_the_permutation_limit_is_that_of_all_permutations() -> None:
    """Two arms of three: 2 of the 20 splits separate the scores, so that the 0.95 quantile is their t."""
    scores, counts = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.5]), np.array([3, 3])
    orders = np.argsort(np.random.default_rng(0).random((4_000, 6)), axis=1)
    expected = leads(*means_and_errors(scores[None], counts)).max()
    assert permutation_limit(scores, counts, orders) == pytest.approx(expected)


def test_steps_end_when_no_arm_is_left_out() -> None:
    limits = {4: 3.0, 3: 2.0, 2: 1.5}
    assert step_down(np.array([0.0, 5.0, 2.5, 1.8]), lambda kept: limits[len(kept)]) == [0]
    assert step_down(np.array([0.0, 5.0, 2.0, 1.8]), lambda kept: limits[len(kept)]) == [0, 2, 3]


def test_no_arm_is_left_out_if_n_is_too_small_for_its_p() -> None:
    assert best(normal_arms(3, a=100, b=0, c=0), "max") == {"a", "b", "c"}
    assert best(normal_arms(4, a=100, b=0, c=0), "max") == {"a"}
