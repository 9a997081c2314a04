"""The recorder over several batches."""

import numpy as np
import pytest
import torch

from gatebench.measures import gate_recorder
from gatebench.measures.gate_bins import SIGNED, UNBOUNDED, UNIT
from gatebench.measures.gate_kernel import kernel_trouble
from gatebench.measures.gate_recorder import GateRecorder
from tests.gatebench.measures.gate_examples import LSTM_ROLES, PlainRole, unit_trace

LENGTHS = torch.tensor([7, 1, 0, 4, 6])


def lstm_trace() -> dict[int, dict[str, torch.Tensor]]:
    return {0: {gate: unit_trace(seed=seed) for seed, gate in enumerate("fiog")}}


def test_batches_add_up_to_the_whole_split() -> None:
    trace = lstm_trace()
    whole, parts = GateRecorder(LSTM_ROLES), GateRecorder(LSTM_ROLES)
    whole.add(trace, LENGTHS)
    for part in (slice(0, 2), slice(2, 4), slice(4, 5)):
        parts.add({0: {gate: values[:, part] for gate, values in trace[0].items()}}, LENGTHS[part])
    assert parts.metrics() == pytest.approx(whole.metrics(), rel=1e-11)


def test_a_reset_recorder_starts_again() -> None:
    trace, recorder = lstm_trace(), GateRecorder(LSTM_ROLES)
    recorder.add(trace, LENGTHS)
    first = recorder.metrics()
    recorder.reset()
    assert not recorder.sums.gates
    recorder.add(trace, LENGTHS)
    assert recorder.metrics() == first


def test_bins_follow_the_range_and_then_the_role() -> None:
    recorder = GateRecorder(LSTM_ROLES, {"g": (-1.0, 1.0)})
    recorder.add(lstm_trace())
    assert {gate: sums.bins for (_, gate), sums in recorder.sums.gates.items()} == {
        "f": UNIT,
        "i": UNIT,
        "o": UNIT,
        "g": SIGNED,
    }
    other = GateRecorder(LSTM_ROLES)
    other.add(lstm_trace())
    assert other.sums.gates[0, "g"].bins == UNBOUNDED


def test_a_fixed_gate_is_not_recorded() -> None:
    recorder = GateRecorder([PlainRole("keep", "f", fixed=1.0), PlainRole("write", "i")])
    recorder.add({0: {"f": torch.ones(7, 5, 3), "i": unit_trace()}})
    assert set(recorder.sums.gates) == {(0, "i")}


def test_another_network_is_refused() -> None:
    recorder = GateRecorder(LSTM_ROLES)
    with pytest.raises(ValueError, match=r"\(T, B, H\)"):
        recorder.add({0: {"f": unit_trace()[0]}})
    recorder.add(lstm_trace())
    with pytest.raises(ValueError, match="f of layer 0 and f, i, o, g of layer 0 are not gates of one network"):
        recorder.add({0: {"f": unit_trace()}})


@pytest.mark.parametrize("reason", [kernel_trouble(), "There is no compiler."])
def test_other_units_are_refused(reason: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_recorder, "kernel_trouble", lambda: reason)
    recorder = GateRecorder(LSTM_ROLES)
    recorder.add(lstm_trace())
    with pytest.raises(ValueError, match="f of layer 0 is"):
        recorder.add({0: {gate: unit_trace(H=4) for gate in "fiog"}})


def test_without_a_compiler_torch_gives_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for reason in (kernel_trouble(), "There is no compiler."):
        monkeypatch.setattr(gate_recorder, "kernel_trouble", lambda reason=reason: reason)
        recorder = GateRecorder(LSTM_ROLES)
        assert recorder.implementation == ("torch" if reason else "compiled")
        recorder.add(lstm_trace(), LENGTHS)
        assert recorder.implementation == ("torch" if reason else "compiled")
        found[reason] = recorder.metrics()
    expected, other = found.values()
    assert other == pytest.approx(expected, rel=1e-11)


def test_gates_on_another_device_are_summed_by_torch() -> None:
    recorder = GateRecorder(LSTM_ROLES)
    recorder.add({0: {"f": unit_trace().to("meta")}})
    with pytest.raises(NotImplementedError):  # the meta device has no values
        _ = recorder.sums
    assert recorder.implementation == "torch"


def test_the_layers_of_several_parts_are_recorded_side_by_side() -> None:
    draws = torch.Generator().manual_seed(3)
    encoder = [{0: {"f": torch.rand(5, 2, 3, generator=draws)}} for _ in range(2)]
    decoder = [{1: {"f": torch.rand(7, 2, 4, generator=draws)}} for _ in range(2)]
    lengths = torch.tensor([5, 2])
    together, apart = GateRecorder(()), [GateRecorder(()), GateRecorder(())]
    for _ in range(2):
        together.reset()
        for one, other in zip(encoder, decoder, strict=True):
            together.add(one, lengths)
            together.add(other)
    for one, other in zip(encoder, decoder, strict=True):
        apart[0].add(one, lengths)
        apart[1].add(other)
    assert list(together.sums.gates) == [(0, "f"), (1, "f")]
    for recorder, layer in zip(apart, (0, 1), strict=True):
        expected, found = recorder.sums.gates[layer, "f"], together.sums.gates[layer, "f"]
        assert expected.steps == found.steps
        np.testing.assert_array_equal(expected.total, found.total)
        np.testing.assert_array_equal(expected.histogram, found.histogram)
    with pytest.raises(ValueError, match="are not gates of one network"):
        together.add({0: {"f": torch.rand(5, 2, 3)}, 1: {"f": torch.rand(5, 2, 3)}})
