import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from gatebench.control import Control
from gatebench.outcome import Outcome
from gatebench.training import Learner, SplitsDataModule, run_trial, weights_file
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.trainer import test as run_test
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
    learner = Learner(TRIAL, TRIAL.build_task().load(tmp_path))
    learner.network.load_state_dict(arrays)
    saver = TrialSaver(learner, (learner.problem,), Control())
    run_test(learner, saver, SplitsDataModule(learner.problem, 64, 0), learner.metric)
    assert learner.test_scores["test/accuracy"] == outcome.metrics["test/accuracy"]
    assert json.loads(metadata["input"]) == {"dtype": "float32", "shape": [-1, -1, 1]}
    assert json.loads(metadata["output"]) == {"dtype": "float32", "shape": [-1, 2]}
    assert outcome.facts["weights"].startswith("They are kept with the run")


def test_weights_that_are_too_large_for_a_run_stay_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    problem = TRIAL.build_task().load(tmp_path)
    network = Learner(TRIAL, problem).network
    whole = add_weights(Outcome.of(TRIAL, "finished"), network, problem, tmp_path).files[FILE_NAME]
    assert not (tmp_path / "weights").exists()
    monkeypatch.setattr(weights_file, "LARGEST", 10)
    outcome = add_weights(Outcome.of(TRIAL, "finished"), network, problem, tmp_path)
    assert outcome.files == {}
    kept = f"weights/{TRIAL.digest}.safetensors"
    assert outcome.facts["weights"].endswith(f"are in the home as {kept}; a run keeps at most 10.")
    ours, metadata = read((tmp_path / kept).read_bytes(), tmp_path)
    theirs, expected = read(whole, tmp_path)
    assert metadata == expected
    assert {name: one.tolist() for name, one in ours.items()} == {name: one.tolist() for name, one in theirs.items()}


def test_the_network_is_left_in_its_mode(tmp_path: Path) -> None:
    problem = TRIAL.build_task().load(tmp_path)
    network = Learner(TRIAL, problem).network.train()
    state = torch.random.get_rng_state()
    add_weights(Outcome.of(TRIAL, "finished"), network, problem, tmp_path)
    assert network.training
    assert torch.equal(torch.random.get_rng_state(), state)
