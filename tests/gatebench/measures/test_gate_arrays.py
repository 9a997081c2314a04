import numpy as np
import torch

from gatebench.measures.gate_arrays import split_statistics
from gatebench.measures.gate_recorder import GateRecorder
from tests.gatebench.measures.gate_examples import LSTM_ROLES, PlainRole, changes, counted, unit_trace

LENGTHS = torch.tensor([7, 1, 0, 4, 6])


def test_the_arrays_are_those_of_numpy() -> None:
    trace = {"f": unit_trace(), "i": unit_trace(seed=1), "g": 2 * unit_trace(seed=2) - 1}
    recorder = GateRecorder(LSTM_ROLES, {"g": (-1.0, 1.0)})
    recorder.add({0: trace}, LENGTHS)
    found = split_statistics(recorder.sums, LSTM_ROLES)
    assert found.steps == LENGTHS.sum()
    assert set(found.gates) == {(0, "f"), (0, "i"), (0, "g")}
    f, array = found.gates[0, "f"], counted(trace["f"], LENGTHS)
    assert f.left is not None
    assert f.right is not None
    assert f.tau is not None
    np.testing.assert_allclose(f.mean, array.mean(0), rtol=1e-12)
    np.testing.assert_allclose(f.std, array.std(0), rtol=1e-12)
    np.testing.assert_allclose(f.change, changes(trace["f"], LENGTHS).mean(0), rtol=1e-12)
    np.testing.assert_allclose(f.tau, -1 / np.log(array.mean(0)), rtol=1e-11)
    np.testing.assert_array_equal(f.left, (array < 0.1).mean(0))
    np.testing.assert_array_equal(f.right, (array > 0.9).mean(0))
    np.testing.assert_array_equal(f.histogram[1], np.histogram(array[:, 1], f.edges)[0])


def test_only_keeping_gates_have_timescales_and_only_unit_gates_have_saturation() -> None:
    recorder = GateRecorder(LSTM_ROLES, {"g": (-1.0, 1.0)})
    recorder.add({0: {"f": unit_trace(), "i": unit_trace(seed=1), "g": unit_trace(seed=2)}})
    gates = split_statistics(recorder.sums, LSTM_ROLES).gates
    assert {gate for (_, gate), one in gates.items() if one.tau is not None} == {"f"}
    assert {gate for (_, gate), one in gates.items() if one.left is not None} == {"f", "i"}


def test_a_keeping_complement_has_the_timescale_of_one_minus_the_gate() -> None:
    roles = [PlainRole("keep", "z", complement=True)]
    recorder = GateRecorder(roles)
    recorder.add({0: {"z": unit_trace()}})
    tau = split_statistics(recorder.sums, roles).gates[0, "z"].tau
    assert tau is not None
    np.testing.assert_allclose(tau, -1 / np.log(1 - counted(unit_trace(), None).mean(0)), rtol=1e-11)


def test_no_batch_gives_no_gates() -> None:
    found = split_statistics(GateRecorder(LSTM_ROLES).sums, LSTM_ROLES)
    assert (found.steps, dict(found.gates)) == (0, {})
