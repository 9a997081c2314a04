from dataclasses import replace

import pytest

from gatebench.outcome import Outcome
from gatebench.report.figures.kinds.settings import GROUPS, medians, numerical_settings, points
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials


def with_settings(cell: str, seed: int, **settings: object) -> Outcome:
    texts = {name.replace("__", "."): str(value) for name, value in settings.items()}
    return replace(outcome(cell, seed), settings={"training.optimizer": "adam", "seed": str(seed), **texts})


def test_settings_that_are_numbers_and_differ_are_shown() -> None:
    trials = task_trials(
        [
            with_settings("a", seed, model__hidden_size=8 * (1 + seed), training__learning_rate=0.1**seed, task__x=seed)
            for seed in range(3)
        ]
    )
    assert numerical_settings(trials) == ["training.learning_rate", "model.hidden_size", "task.x"]
    assert points(trials, "a", "model.hidden_size") == [(8.0, 0.5), (16.0, 0.51), (24.0, 0.52)]
    assert {"learning rate", "hidden size", "validation accuracy ↑", "a"} <= set(drawn("settings", trials))


def test_a_median_is_that_of_one_value_or_of_neighbouring_values() -> None:
    assert medians([(1.0, 0.1), (1.0, 0.5), (1.0, 0.3), (2.0, 0.9)]) == [(1.0, 0.3), (2.0, 0.9)]
    many = [(float(x), float(x)) for x in range(5 * GROUPS)]
    assert medians(many) == [(2.0 + 5 * group, 2.0 + 5 * group) for group in range(GROUPS)]
    assert medians([]) == []


def test_without_differing_settings_there_is_no_figure() -> None:
    with pytest.raises(NothingToDrawError, match="The trials of digits have equal learning rates"):
        drawn("settings", task_trials([with_settings("a", seed, model__hidden_size=8) for seed in range(3)]))
