import pytest

from gatebench.measures.gate_file import GateFile
from gatebench.report.figures.kinds.gradient import bands
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials
from tests.gatebench.report.figures.gate_arrays import lstm_gates


def test_a_norm_that_is_0_or_not_finite_is_a_gap() -> None:
    outcomes = [outcome("lstm", 0), outcome("lstm", 1)]
    trials = task_trials(outcomes, gates={one.digest: lstm_gates(0.2 * one.seed) for one in outcomes})
    band = bands(trials)["lstm"]
    assert band.x == [0.0, 1.0]
    assert band.median == pytest.approx([1.0, 0.2])
    assert {"lag T − t (steps)", "‖∂loss/∂h[t]‖", "lstm"} <= set(drawn("gradient", trials))


def test_without_a_measured_gradient_there_is_no_figure() -> None:
    one = outcome("lstm", 0)
    for gates in ({}, {one.digest: GateFile()}):
        with pytest.raises(NothingToDrawError, match="a measured gradient"):
            drawn("gradient", task_trials([one], gates=gates))
