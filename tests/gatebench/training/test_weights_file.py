import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gatebench.outcome import Outcome
from gatebench.training import Learner, run_trial, weights_file
from gatebench.training.weights_file import FILE_NAME, add_weights, to_safetensors
from tests.gatebench.training.sign import TRIAL

TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "BOOL": "?"}


def read(content: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """Read a safetensors file by the published description of the format."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__")
    values = content[8 + length :]
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        arrays[name] = np.frombuffer(values[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    assert max((entry["data_offsets"][1] for entry in header.values()), default=0) == len(values)
    return arrays, metadata


def test_tensors_of_every_shape_and_order_are_kept_to_the_last_bit() -> None:
    tensors = {
        "matrix": torch.randn(3, 4).T,
        "number": torch.tensor(2.5, dtype=torch.float64),
        "empty": torch.zeros(0, 3),
        "flags": torch.tensor([True, False]),
        "indices": torch.arange(5),
    }
    content = to_safetensors(tensors, {"input": "{}"})
    arrays, metadata = read(content)
    assert metadata == {"input": "{}"}
    assert int.from_bytes(content[:8], "little") % 8 == 0
    for name, tensor in tensors.items():
        assert np.array_equal(arrays[name], tensor.numpy())


def test_a_trial_keeps_its_best_weights_and_the_shapes_of_its_network(tmp_path: Path) -> None:
    outcome = run_trial(TRIAL, home=tmp_path, data_root=None, emit=lambda epoch: None)
    arrays, metadata = read(outcome.files[FILE_NAME])
    best = torch.load(tmp_path / "checkpoints" / TRIAL.digest / "best.ckpt", weights_only=True)["state_dict"]
    weights = {name.removeprefix("network."): value for name, value in best.items() if name.startswith("network.")}
    assert set(arrays) == set(weights)
    assert all(np.array_equal(arrays[name], value.numpy()) for name, value in weights.items())
    assert json.loads(metadata["input"]) == {"dtype": "float32", "shape": [-1, -1, 1]}
    assert json.loads(metadata["output"]) == {"dtype": "float32", "shape": [-1, 2]}
    assert outcome.facts["weights"].startswith("They are kept with the run")


def test_weights_that_are_too_large_stay_in_the_checkpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weights_file, "LARGEST", 10)
    problem = TRIAL.build_task().load(tmp_path)
    network = Learner(TRIAL, problem).network
    outcome = add_weights(Outcome.of(TRIAL, "finished"), network, problem)
    assert outcome.files == {}
    assert outcome.facts["weights"].endswith("are in the checkpoint only; a run keeps at most 10.")


def test_the_network_is_left_in_its_mode(tmp_path: Path) -> None:
    problem = TRIAL.build_task().load(tmp_path)
    network = Learner(TRIAL, problem).network.train()
    state = torch.random.get_rng_state()
    add_weights(Outcome.of(TRIAL, "finished"), network, problem)
    assert network.training
    assert torch.equal(torch.random.get_rng_state(), state)
