from math import inf

import pytest

from gatebench.measures.gate_file import GateFile, SplitStatistics
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials
from tests.gatebench.report.figures.gate_arrays import lstm_gates, units


def test_each_gate_has_a_histogram_also_with_open_bins() -> None:
    one, other = outcome("lstm", 0), outcome("other", 0)
    wide = GateFile(("other/a",), {"val": SplitStatistics(1, {(0, "a"): units([0.5], bounds=(-inf, inf))})})
    words = drawn("histograms", task_trials([one, other], gates={one.digest: lstm_gates(), other.digest: wide}))
    assert {"keep: f", "write: i", "g", "a", "share of values in %"} <= set(words)


def test_without_gates_there_is_no_figure() -> None:
    with pytest.raises(NothingToDrawError, match=r"gate arrays \(gates\.npz\)"):
        drawn("histograms", task_trials([outcome("rnn", 0)]))
