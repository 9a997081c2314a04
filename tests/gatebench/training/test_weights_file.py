import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from gatebench.outcome import Outcome
from gatebench.training import Learner, run_trial, weights_file
from gatebench.training.weights_file import FILE_NAME, add_weights
from tests.gatebench.training.sign import TRIAL


def read(content: bytes, folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file."""
    file = folder / FILE_NAME
    file.write_bytes(content)
    with safe_open(file, "pt") as opened:
        return {name: opened.get_tensor(name) for name in opened.keys()}, opened.metadata()  # noqa: SIM118


def test_a_trial_keeps_its_best_weights_and_the_shapes_of_its_network(tmp_path: Path) -> None:
    outcome = run_trial(TRIAL, home=tmp_path, data_root=None, emit=lambda epoch: None)
    arrays, metadata = read(outcome.files[FILE_NAME], tmp_path)
    best = torch.load(tmp_path / "checkpoints" / TRIAL.digest / "best.ckpt", weights_only=True)["state_dict"]
    weights = {name.removeprefix("network."): value for name, value in best.items() if name.startswith("network.")}
    assert set(arrays) == set(weights)
    assert all(torch.equal(arrays[name], value) for name, value in weights.items())
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
