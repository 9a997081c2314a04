"""Arms: one score a seed, of one experiment, and a sentence on every seed that has none."""

from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.report.arms import Arm, arms_of
from tests.gatebench.report.studies import outcome, study

SCORE = "test/accuracy"


def test_arms_are_of_one_label_and_one_set_of_equations() -> None:
    first = outcome("a", 0, 0.1)
    arms = arms_of([first, outcome("b", 0, 0.2), replace(first, cell="alias"), outcome("a", 1, 0.3)], SCORE)
    assert [arm.key for arm in arms] == [("a", "a-equations"), ("b", "b-equations"), ("alias", "a-equations")]
    assert [dict(arm.scores) for arm in arms] == [{0: 0.1, 1: 0.3}, {0: 0.2}, {0: 0.1}]


def test_every_seed_of_the_task_has_a_score_or_a_reason() -> None:
    outcomes = [
        outcome("a", 3, 0.1),
        outcome("b", 0, 0.2, status="interrupted"),
        outcome("b", 1, 0.2, status="diverged", sentence="The loss is NaN."),
        outcome("b", 2, float("inf")),
        replace(outcome("b", 4, 0.2), metrics={"test/mse": 0.1}),
    ]
    a, b = arms_of(outcomes, SCORE)
    assert dict(a.missing) == dict.fromkeys((0, 1, 2, 4), "without a trial")
    assert a.missing_note() == "n = 1 of 5: seeds 0, 1, 2, 4 without a trial."
    assert (b.n, dict(b.scores)) == (0, {})
    unscored = "finished without a finite test/accuracy"
    assert list(b.missing.values()) == [
        "interrupted",
        "diverged (The loss is NaN)",
        unscored,
        "without a trial",
        unscored,
    ]


def test_an_arm_with_every_seed_has_nothing_to_say() -> None:
    (arm,) = arms_of(study(a=0.5), SCORE)
    assert (arm.missing_note(), arm.n) == ("", 8)


def test_a_repeated_trial_counts_once_and_finished_first() -> None:
    failed = [replace(one, status="failed", metrics={}) for one in study(a=0.5)]
    expected = arms_of(study(a=0.5), SCORE)
    assert arms_of(study(a=0.5) + failed, SCORE) == expected
    assert arms_of(failed + study(a=0.5) + study(a=0.5), SCORE) == expected


def test_trials_of_two_experiments_are_refused() -> None:
    with pytest.raises(UserError) as error:
        arms_of([outcome("a", 0, 0.5), outcome("a", 0, 0.6, digest="another")], SCORE)
    assert str(error.value) == (
        "Cell 'a' has two different trials with seed 0 on task 'sentiment' (sentiment-a-0 and another); "
        "a table takes the trials of one experiment."
    )


def test_networks_of_two_sizes_are_refused() -> None:
    (arm,) = arms_of([outcome("a", 0, 0.5), outcome("a", 1, 0.6, metrics={"parameters": 99})], SCORE)
    with pytest.raises(UserError) as error:
        arm.parameters()
    assert str(error.value) == (
        "The trials of cell 'a' have networks of 99 and 1,234 parameters; a table takes the trials of one experiment."
    )


def test_figures_are_medians_over_the_seeds_that_have_them() -> None:
    metrics = {0: {"seconds": 3.0}, 1: {"seconds": 100.0}, 2: {"seconds": 4.0}, 3: {}}
    arm = Arm("a", "d", dict.fromkeys(metrics, 0.5), metrics, {})
    assert arm.values("seconds") == [3.0, 100.0, 4.0]
    assert arm.median("seconds") == 4.0
    assert (arm.median("memory"), arm.parameters()) == (None, None)
