"""The gate figures of whole trials against a recount in plain numpy, one example after the other, without padding."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load

from gatebench.measures import gate_file
from gatebench.task import Problem, Split
from gatebench.training import Learner, run_trial
from gatebench.training.weights_file import FILE_NAME
from gatebench.trial import Model, Training, Trial
from tests.tasks.real_data import data_root, shared_cache, skipping_without_files

Array = NDArray[np.float64]
ROLES = {"i": "write", "f": "keep", "o": "expose", "g": "candidate"}
TASKS = {
    "parity": "synthetic.parity.Parity",
    "sst2": "text.sst2.Sst2",
    "jsb_chorales": "music.jsb_chorales.JsbChorales",
}


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def gates_of(weights: dict[str, Array], x: Array) -> dict[str, Array]:
    """Return the gates (T, H) of an LSTM over one sequence x (T, I)."""
    h = c = np.zeros(len(weights["b.i"]))
    steps: list[list[Array]] = []
    for row in x:
        a = {gate: weights[f"W.{gate}"] @ row + weights[f"R.{gate}"] @ h + weights[f"b.{gate}"] for gate in "ifgo"}
        i, f, o, g = sigmoid(a["i"]), sigmoid(a["f"]), sigmoid(a["o"]), np.tanh(a["g"])
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append([i, f, g, o])
    return {gate: np.array([step[number] for step in steps]) for number, gate in enumerate("ifgo")}


def all_gates(learner: Learner, split: Split) -> list[dict[str, Array]]:
    """Return the gates of every example of a split."""
    weights = {
        name: weight.detach().double().numpy() for name, weight in learner.network.recurrent.gate_parameters(0).items()
    }
    found = []
    for number in range(len(split)):
        batch = split.batch(torch.tensor([number]))
        with torch.no_grad():
            x = learner.network.encoder(batch.x).double().numpy()[:, 0]
        found.append(gates_of(weights, x))
    return found


def statistics(examples: list[Array], *, unit: bool, keeps: bool) -> dict[str, float]:
    """Return the statistics of one gate, from its values (T, H) in each example."""
    values = np.concatenate(examples)
    changes = np.concatenate([np.abs(np.diff(example, axis=0)) for example in examples])
    found = {"mean": values.mean(), "std": values.std(), "change": changes.mean()}
    if unit:
        shares = np.histogram(values, np.linspace(0, 1, 21))[0] / values.size
        shares = shares[shares > 0]
        found |= {"left": (values < 0.1).mean(), "right": (values > 0.9).mean()}
        found["entropy"] = -(shares * np.log2(shares)).sum()
    if keeps:
        tau = -1 / np.log(values.mean(0))
        found |= {"tau/median": np.median(tau), "tau/p90": np.percentile(tau, 90)}
    return {name: float(value) for name, value in found.items()}


def expected_metrics(examples: list[dict[str, Array]]) -> dict[str, float]:
    found = {
        f"gate/l0/{role}/{gate}/{name}": value
        for gate, role in ROLES.items()
        for name, value in statistics([e[gate] for e in examples], unit=gate != "g", keeps=gate == "f").items()
    }
    keep, write = (np.concatenate([e[gate] for e in examples]).ravel() for gate in "fi")
    return found | {"gate/l0/keep-write/correlation": float(np.corrcoef(keep, write)[0, 1])}


@pytest.mark.parametrize("task", TASKS)
def test_the_figures_are_those_of_a_recount_over_the_whole_split(
    task: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    training = Training(max_epochs=1, batch_size=32, learning_rate=0.01)
    small = {"training": 200, "validation": 60, "test": 40} if task == "parity" else {}
    target = f"tasks.{TASKS[task]}"
    trial = Trial({"name": "lstm", "base": "lstm"}, {"_target_": target, **small}, Model(10), training)
    cache = shared_cache(tmp_path_factory)
    with skipping_without_files():
        problem: Problem = trial.build_task().load(data_root(), cache)
    outcome = run_trial(trial, home=tmp_path, data_root=data_root(), emit=lambda _: None)
    learner = Learner(trial, problem)
    learner.network.load_state_dict(load(outcome.files[FILE_NAME]))
    learner.eval()  # the encoder of sentences has dropout
    arrays = gate_file.read(outcome.files["gates.npz"])
    for name, prefix, split in (("val", "", problem.val), ("test", "test/", problem.test)):
        examples = all_gates(learner, split)
        for key, value in expected_metrics(examples).items():
            # Shares and entropies count values, and a float32 value may lie on the other side of an edge.
            assert outcome.metrics[prefix + key] == pytest.approx(value, rel=1e-4, abs=2e-5), key
        assert arrays.splits[name].steps == sum(len(example["f"]) for example in examples)
        units = np.concatenate([example["f"] for example in examples]).mean(0)
        np.testing.assert_allclose(arrays.splits[name].gates[0, "f"].mean, units, rtol=1e-5)
