"""The scores of an arm with trials that diverged."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gatebench.measures.arm_scores import ArmScores, midranks, ranks


def test_a_diverged_trial_counts_and_has_the_worst_score() -> None:
    arm = ArmScores({4: 0.5, 1: 0.25}, frozenset({7}))
    assert arm.seeds == {1, 4, 7}
    assert (arm.n, arm.values()) == (3, [0.25, 0.5])
    assert arm.with_worst("max") == {7: float("-inf"), 4: 0.5, 1: 0.25}
    assert arm.with_worst("min")[7] == float("inf")


def test_the_score_of_a_late_divergence_is_kept() -> None:
    arm = ArmScores({1: 0.5}, frozenset({1}))
    assert (arm.n, arm.with_worst("max")) == (1, {1: 0.5})


def test_midranks_are_shared_by_ties() -> None:
    worst = float("-inf")
    assert midranks([worst, worst, 3.0], [2.0, 3.0]) == ([1.5, 1.5, 4.5], [3.0, 4.5])


@given(st.lists(st.integers(-3, 3) | st.just(float("inf")), min_size=1, max_size=9))
def test_ranks_are_those_of_scipy(values: list[float]) -> None:
    assert np.array_equal(ranks(values), stats.rankdata(values))
