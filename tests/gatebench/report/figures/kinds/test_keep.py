import pytest

from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials


def test_each_layer_has_axes() -> None:
    one = outcome("a", 0, gate__l0__keep__f__mean=0.7)
    assert "mean of the gate that keeps" in drawn("keep", task_trials([one]))
    two = outcome("a", 1, gate__l0__keep__f__mean=0.7, gate__l1__keep__f__fixed=1.0)
    words = drawn("keep", task_trials([one, two]))
    assert {"mean of the gate that keeps\nlayer 0", "mean of the gate that keeps\nlayer 1"} <= set(words)


def test_cells_without_such_a_gate_are_no_figure() -> None:
    with pytest.raises(NothingToDrawError, match="a gate that keeps"):
        drawn("keep", task_trials([outcome("rnn", 0)]))
