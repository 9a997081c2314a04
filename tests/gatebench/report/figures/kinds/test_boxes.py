from dataclasses import replace
from math import isnan, nan

import pytest

from gatebench.report.figures.kinds.boxes import boxes, limits
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import LOSS, drawn, outcome, task_trials


def test_the_best_tenth_is_chosen_by_validation_and_never_by_test() -> None:
    outcomes = [outcome("a", seed, test__accuracy=1.0 - 0.01 * seed, parameters=float(seed)) for seed in range(20)]
    (box,) = boxes(task_trials(outcomes))
    assert len(box.scores) == 20
    assert box.best == pytest.approx([0.81, 0.82])  # the largest validation scores, which have the smallest test scores
    assert box.parameters == 18.5


def test_the_best_loss_is_the_least() -> None:
    outcomes = [
        replace(outcome("a", seed), metric=LOSS, metrics={"best/val/loss": float(seed), "test/loss": 5.0 + seed})
        for seed in range(10)
    ]
    (box,) = boxes(task_trials(outcomes))
    assert box.best == [5.0]
    assert isnan(box.parameters)
    assert "test loss (nats) ↓" in drawn("boxes", task_trials(outcomes))


def test_trials_that_diverged_count_as_the_worst() -> None:
    diverged = [outcome("a", seed, status="diverged") for seed in range(10, 20)]
    (box,) = boxes(task_trials([*(outcome("a", seed) for seed in range(10)), *diverged]))
    assert (len(box.scores), len(box.best), box.diverged) == (10, 2, 10)


def test_cells_without_a_test_score_are_left_out() -> None:
    trials = task_trials([outcome("a", 0), outcome("b", 0, test__accuracy=nan)])
    assert [box.cell for box in boxes(trials)] == ["a"]
    with pytest.raises(NothingToDrawError, match="the metric test/accuracy"):
        drawn("boxes", task_trials([outcome("b", 0, test__accuracy=nan)]))


def test_few_scores_far_away_do_not_press_the_boxes_together() -> None:
    near = [0.1 * index for index in range(11)]
    assert limits([near]) is None
    assert limits([[2.0]]) is None
    assert limits([[*near, 1000.0]]) == pytest.approx((-0.25, 1.25))
    outcomes = [outcome("a", index, value) for index, value in enumerate([*near, 1000.0])]
    assert any(
        "scores outside of the axes: 1" in word.replace("\n", " ") for word in drawn("boxes", task_trials(outcomes))
    )


def test_all_cells_are_named_with_the_numbers_of_their_trials() -> None:
    words = drawn("boxes", task_trials([outcome(cell, seed) for cell in "abcdefghi" for seed in range(12)]))
    assert {"a (12)", "a (1)", "i (12)", "all trials", "best 10 % by validation", "test accuracy ↑"} <= set(words)
    assert "grey bars: mean number of parameters" in words
