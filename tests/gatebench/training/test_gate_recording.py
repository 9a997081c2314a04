import pytest
import torch

from gatebench import load_cell
from gatebench.training.gate_recording import GateRecording


def recorded(*parts: torch.Tensor) -> GateRecording:
    recording = GateRecording(load_cell("lstm"))
    for part in parts:
        recording.add({0: {"f": part}}, None)
    return recording


def test_the_batches_of_two_recordings_are_merged() -> None:
    values = torch.rand(4, 6, 3, generator=torch.Generator().manual_seed(0))
    one, other = recorded(values[:, :2]), recorded(values[:, 2:3], values[:, 3:])
    assert one.merged(other).metrics() == pytest.approx(recorded(values).metrics(), rel=1e-12)
    assert one.merged(None).metrics() == one.metrics()
    assert recorded().metrics() == {}
