import pytest

from gatebench.measures.gate_file import GateFile
from gatebench.report.figures.kinds.saturation import saturated_units
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials
from tests.gatebench.report.figures.gate_arrays import lstm_gates


def test_only_gates_with_values_between_0_and_1_are_shown() -> None:
    one = outcome("lstm", 0)
    trials = task_trials([one, outcome("rnn", 0)], gates={one.digest: lstm_gates()})
    assert [units.label for units in saturated_units(trials)] == ["keep: f", "write: i"]
    words = drawn("saturation", trials)
    assert {"lstm", "keep: f", "write: i", "share of values above 0.9", "share of values below 0.1"} <= set(words)


def test_without_such_a_gate_there_is_no_figure() -> None:
    one = outcome("rnn", 0)
    with pytest.raises(NothingToDrawError, match="a gate whose values lie in"):
        drawn("saturation", task_trials([one], gates={one.digest: GateFile()}))
