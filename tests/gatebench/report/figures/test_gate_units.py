import numpy as np
import pytest

from gatebench.measures.gate_file import GateFile, SplitStatistics
from gatebench.report.figures.gate_units import gate_units, role_columns
from tests.gatebench.report.figures.drawn_trials import outcome, task_trials
from tests.gatebench.report.figures.gate_arrays import gru_gates, lstm_gates, units


def test_the_units_of_all_trials_of_a_cell_are_joined() -> None:
    outcomes = [outcome("lstm", 0), outcome("lstm", 1), outcome("lstm", 2)]
    gates = {outcomes[0].digest: lstm_gates(), outcomes[1].digest: lstm_gates(0.1)}
    keep, write, candidate = gate_units(task_trials(outcomes, gates=gates))
    assert [one.label for one in (keep, write, candidate)] == ["keep: f", "write: i", "g"]
    assert keep.mean.tolist() == pytest.approx([0.6, 0.8, 0.7, 0.8])
    assert keep.right is not None
    assert keep.right.tolist() == pytest.approx([0.12, 0.16, 0.14, 0.16])
    assert keep.shares.tolist() == [0.75, 0.25]
    assert [tau.shape for tau in keep.taus] == [(2,), (2,)]
    assert write.taus == []
    assert candidate.left is None
    assert role_columns([candidate, write, keep]) == ["keep", "write", "other"]


def test_the_value_of_a_role_can_be_1_minus_the_gate() -> None:
    one = outcome("gru", 0)
    keep, write = gate_units(task_trials([one], gates={one.digest: gru_gates()}))
    assert (keep.label, write.label) == ("keep: 1 − z", "write: z")
    assert keep.mean.tolist() == pytest.approx([0.9, 0.6])
    assert write.mean.tolist() == pytest.approx([0.1, 0.4])
    assert keep.left is not None
    assert keep.right is not None
    assert keep.left.tolist() == pytest.approx([0.02, 0.08])
    assert keep.right.tolist() == pytest.approx([0.01, 0.04])
    assert keep.shares.tolist() == [0.25, 0.75]
    assert np.all(np.diff(keep.edges) > 0)


def test_layers_and_gates_with_the_same_role_are_apart() -> None:
    one, other = outcome("lstm", 0), outcome("other", 0)
    twice = GateFile(("keep/a", "keep/b"), {"val": SplitStatistics(1, {(0, k): units([0.5]) for k in "ab"})})
    gates = {one.digest: lstm_gates(layers=2), other.digest: twice}
    found = gate_units(task_trials([one, other], gates=gates))
    assert [unit.layer for unit in found if unit.cell == "lstm"] == [0, 0, 0, 1, 1, 1]
    assert [unit.role for unit in found if unit.cell == "other"] == ["keep", "keep 2"]
    assert role_columns(found) == ["keep", "keep 2", "write", "other"]


def test_without_arrays_there_are_no_units() -> None:
    one = outcome("lstm", 0)
    assert gate_units(task_trials([one])) == []
    assert gate_units(task_trials([one], gates={one.digest: GateFile()})) == []
    assert gate_units(task_trials([one], gates={one.digest: lstm_gates()}), "test") == []
