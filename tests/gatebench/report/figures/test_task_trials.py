from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from gatebench.report.figures.task_trials import MOST_CELLS, trials_by_task, value
from tests.gatebench.report.figures.drawn_trials import ACCURACY, LOSS, outcome, task_trials


def test_the_gate_that_keeps_has_another_letter_in_each_cell() -> None:
    keep: dict[str, Any] = {"gate/l0/keep/1-z/mean": 0.6}
    assert value(outcome("lstm", 0, gate__l0__keep__f__mean=0.7), "keep/l0") == 0.7
    assert value(outcome("gru", 0, **keep), "keep/l0") == 0.6
    assert value(outcome("lstm_no_forget", 0, gate__l0__keep__f__fixed=1.0), "keep/l0") == 1.0
    assert value(outcome("rnn", 0), "keep/l0") != value(outcome("rnn", 0), "keep/l0")  # NaN
    assert value(outcome("lstm", 0, gate__l1__keep__f__mean=0.7), "seconds") == 1.0
    layers = [outcome("a", 0, gate__l10__keep__f__mean=0.7, gate__l2__keep__f__mean=0.7)]
    assert task_trials(layers).keep_layers == ["l2", "l10"]


def test_cells_have_the_given_order_and_trials_count_once() -> None:
    failed = replace(outcome("b", 0), status="failed")
    trials = trials_by_task([outcome("a", 0), failed, outcome("b", 0), failed], ["b", "absent"], {})[0]
    assert trials.cells == ["b", "a"]
    assert trials.left_out == {}
    assert [len(trials.outcomes[cell]) for cell in trials.cells] == [1, 1]


def test_trials_that_are_not_shown_are_counted_by_reason() -> None:
    rest = [outcome("b", 0, status="diverged"), outcome("b", 1, nan), outcome("b", 2, inf), outcome("b", 3, 1e200)]
    trials = task_trials([outcome("a", 0), *rest])
    assert trials.cells == ["a"]
    assert trials.left_out == {"b": {"diverged": 1, "without a score": 3}}
    assert trials.caption == "digits · 1 trial · not shown: 1 diverged, 3 without a score"


def test_tasks_are_apart_and_those_without_scores_are_left_out() -> None:
    outcomes = [outcome("a", 0), outcome("a", 0, task="parity"), outcome("a", 0, nan, task="adding")]
    assert [trials.task for trials in trials_by_task(outcomes, [], {})] == ["digits", "parity"]
    assert trials_by_task([replace(outcome("a", 0), metric=None)], [], {}) == []
    assert trials_by_task([], [], {}) == []


def test_further_cells_are_counted() -> None:
    trials = task_trials([outcome(f"c{index}", 0) for index in range(MOST_CELLS + 5)])
    assert len(trials.cells) == MOST_CELLS
    assert trials.caption.endswith("not shown: 5 further cells")


def test_only_finite_values_are_returned() -> None:
    trials = task_trials([outcome("a", 0), outcome("a", 1, seconds=inf), outcome("a", 2, seconds=4.0)])
    assert trials.values("a", "seconds", "test/accuracy") == [(1.0, 0.5), (4.0, 0.5)]
    assert trials.values("a", "absent") == []


@pytest.mark.parametrize(("metric", "label"), [(ACCURACY, "accuracy ↑"), (LOSS, "loss (nats) ↓")])
def test_a_score_has_its_unit_and_direction(metric: Any, label: str) -> None:
    one = replace(outcome("a", 0), metric=metric, metrics={f"best/val/{metric.name}": 0.5})
    assert task_trials([one]).score_label == label


def test_an_error_names_the_thing_and_the_task() -> None:
    assert str(task_trials([outcome("a", 0)]).lacking("a gate")) == "No trial of digits that is shown has a gate."
