"""The best set: what it keeps, and what it leaves out."""

import numpy as np
import pytest

from gatebench.errors import UserError
from gatebench.measures.best_set import best
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
    with pytest.raises(UserError, match="a has 0, 1, 2, 3, 4, 5, 6, 7 and b has 0, 1"):
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
