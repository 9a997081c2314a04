from math import log

import pytest

from gatebench.measures.gate_file import GateFile, SplitStatistics
from gatebench.report.figures.kinds.timescales import bands, kept_units
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials
from tests.gatebench.report.figures.gate_arrays import lstm_gates, units


def test_a_curve_goes_from_the_shortest_to_the_longest_timescale() -> None:
    one = outcome("lstm", 0)
    trials = task_trials([one, outcome("rnn", 0)], gates={one.digest: lstm_gates()})
    band = bands(kept_units(trials))["lstm", 0]
    assert band.x[0] == 0.0
    assert band.x[-1] == 100.0
    assert band.median[0] == pytest.approx(-1 / log(0.6))
    assert band.median[-1] == pytest.approx(-1 / log(0.8))
    assert {"timescale τ (steps)", "lstm"} <= set(drawn("timescales", trials))


def test_an_infinite_timescale_is_a_gap() -> None:
    one = outcome("lstm", 0)
    file = GateFile(("keep/f",), {"val": SplitStatistics(1, {(0, "f"): units([0.5, 0.999999], keeps=True)})})
    tau = file.splits["val"].gates[0, "f"].tau
    assert tau is not None
    tau[1] = float("inf")
    band = bands(kept_units(task_trials([one], gates={one.digest: file})))["lstm", 0]
    assert max(band.median) == pytest.approx(-1 / log(0.5))
    assert band.x[-1] < 100.0


def test_without_a_timescale_there_is_no_figure() -> None:
    with pytest.raises(NothingToDrawError, match="with a timescale"):
        drawn("timescales", task_trials([outcome("rnn", 0)]))
