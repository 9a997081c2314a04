from typing import Any

import numpy as np
import pytest

from gatebench.report.figures.kinds.gates import gate_rows, metric_names
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials

KEEP, WRITE, CANDIDATE = (f"gate/l0/{role}/mean" for role in ("keep/1-z", "write/z", "candidate/n"))
METRICS: dict[str, Any] = {
    WRITE: 0.4,
    KEEP: 0.6,
    CANDIDATE: 0.1,
    "gate/l0/keep/1-z/left": 0.0,
    "gate/l0/write/z/left": 0.0,
}


def test_a_row_is_the_mean_of_a_gate_over_the_trials_in_each_epoch() -> None:
    outcomes = [outcome("gru", seed, **METRICS) for seed in range(3)]
    curves = {KEEP: {"digits gru 0": [0.2, 0.4, 0.6], "digits gru 1": [0.4, 0.6], "digits gru 2": [0.6]}}
    trials = task_trials([*outcomes, outcome("rnn", 0)], curves=curves)
    assert metric_names(trials) == [KEEP, WRITE]
    (row,) = gate_rows(trials)
    assert (row.cell, row.label) == ("gru", "keep 1 − z")
    assert np.allclose(row.means, [0.4, 0.5, np.nan], equal_nan=True)
    assert {"gru   keep 1 − z", "epoch", "mean of the gate (validation)"} <= set(drawn("gates", trials))


def test_without_such_gates_there_is_no_figure() -> None:
    with pytest.raises(NothingToDrawError, match="the means of a gate"):
        drawn("gates", task_trials([outcome("rnn", 0)]))
