import ast
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from gatebench.control import Control, Stopped
from gatebench.ranks import reserved_port
from gatebench.training.checkpoint.content import pack, unpack
from gatebench.trial import Trial
from tests.gatebench.training.checkpoint.trials import GRU, LSTM, TRIALS, bits, run
from tests.gatebench.training.rank_trials import outputs_of
from tests.paths import ROOT


def every_checkpoint(trial: Trial, home: Path) -> tuple[dict[str, Any], list[bytes]]:
    """Run a trial undisturbed. Return its result, and its checkpoints: one after each step, and each evaluation."""
    saved: list[bytes] = []
    return bits(*run(trial, home, Control(save=saved.append, save_seconds=0))), saved


def timeless(content: bytes, trial: Trial) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the content of a checkpoint without the times."""
    values, tensors = unpack(content, trial.digest)
    del values["seconds"], values["waited"]
    values["epochs"] = [[repr(metrics) for metrics, _ in epochs] for epochs in values["epochs"]]
    return values, {name: one.numpy().tobytes() for name, one in tensors.items()}


def disturb(process_state: int) -> None:
    """Change the state that a new process would not share with the one that was killed."""
    torch.manual_seed(process_state)
    torch.rand(3)


@pytest.mark.parametrize("stride", [6, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_that_is_killed_at_any_step_ends_as_one_that_is_not(name: str, stride: int, tmp_path: Path) -> None:
    """It does so from every checkpoint, and its own checkpoints are those of the undisturbed trial, too."""
    trial = TRIALS[name]
    undisturbed = bits(*run(trial, tmp_path))
    recorded, saved = every_checkpoint(trial, tmp_path)
    assert recorded == undisturbed
    first = list(TRIALS).index(name) % stride
    for number in range(first, len(saved), stride):
        content = saved[number]
        disturb(number)
        again: list[bytes] = []
        assert bits(*run(trial, tmp_path, Control(content, again.append, save_seconds=0))) == undisturbed
        assert len(again) == len(saved) - number - 1
        assert [timeless(one, trial) for one in again[:1]] == [timeless(one, trial) for one in saved[number + 1 :][:1]]


PRODUCT = list(product([LSTM, GRU], ["reference", "fused"], [0.0, 0.05], ["adam", "sgd"]))
# Half of the product has all combinations of three of the four settings.
HALF = [each for index, each in enumerate(PRODUCT) if index.bit_count() % 2 == 0]


@pytest.mark.parametrize(
    ("cell", "backend", "clip", "optimizer"),
    [pytest.param(*each, marks=() if each in HALF else pytest.mark.slow) for each in PRODUCT],
)
def test_every_cell_backend_optimiser_and_clipping(
    cell: dict[str, str], backend: str, clip: float, optimizer: str, tmp_path: Path
) -> None:
    training = replace(
        TRIALS["lengths"].training,
        backend=backend,
        gradient_clip=clip,
        optimizer=optimizer,
        max_epochs=2,
        batch_size=16,
    )
    trial = replace(TRIALS["lengths"], cell=cell, training=training)
    undisturbed, saved = every_checkpoint(trial, tmp_path)
    for number, content in enumerate(saved):
        disturb(number)
        assert bits(*run(trial, tmp_path, Control(content))) == undisturbed


@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["lengths", "stream"])
def test_a_trial_stops_where_it_is_asked_to_and_goes_on(name: str, stride: int, tmp_path: Path) -> None:
    """It is asked after each step, in validations, in tests, between epochs and between experiences."""
    trial = TRIALS[name]
    undisturbed = bits(*run(trial, tmp_path))
    asked = 0

    def count() -> bool:
        nonlocal asked
        asked += 1
        return False

    run(trial, tmp_path, Control(should_stop=count))
    for stop_at in range(1, asked + 1, stride):
        saved: list[bytes] = []
        with pytest.raises(Stopped, match=r"^The trial was stopped; it continues from its checkpoint\.$"):
            run(trial, tmp_path, Control(save=saved.append, should_stop=asks(stop_at)))
        assert len(saved) == 1
        disturb(stop_at)
        assert bits(*run(trial, tmp_path, Control(saved[0]))) == undisturbed
    assert asked > 20


def asks(stop_at: int) -> Callable[[], bool]:
    """Return a function that is False until its call with this number."""
    calls = iter(range(1, stop_at + 1))
    return lambda: next(calls) == stop_at


def test_early_stopping_counts_the_epochs_before_the_checkpoint(tmp_path: Path) -> None:
    patient = replace(TRIALS["lengths"].training, max_epochs=9, patience=2, learning_rate=1e-9)
    trial = replace(TRIALS["lengths"], training=patient)
    undisturbed, saved = every_checkpoint(trial, tmp_path)
    assert len(undisturbed["epochs"]) == 3
    for content in saved:
        assert bits(*run(trial, tmp_path, Control(content))) == undisturbed


def test_a_divergence_after_the_checkpoint_keeps_the_best_epoch(tmp_path: Path) -> None:
    training = replace(TRIALS["lengths"].training, optimizer="sgd", learning_rate=1e3, gradient_clip=0.0, max_epochs=9)
    trial = replace(TRIALS["regression"], training=replace(training, backend="reference", learning_rate=30.0))
    undisturbed, saved = every_checkpoint(trial, tmp_path)
    assert undisturbed["status"][0] == "diverged"
    assert saved
    for content in saved:
        assert bits(*run(trial, tmp_path, Control(content))) == undisturbed


def test_a_short_trial_saves_nothing(tmp_path: Path) -> None:
    saved: list[bytes] = []
    run(TRIALS["lengths"], tmp_path, Control(save=saved.append))
    assert saved == []


def test_the_seconds_of_all_parts_count(tmp_path: Path) -> None:
    trial = TRIALS["lengths"]
    _, saved = every_checkpoint(trial, tmp_path)
    values, tensors = unpack(saved[7], trial.digest)
    content = pack(trial.digest, {**values, "seconds": 1000.0, "waited": 250.0}, tensors)
    outcome, epochs = run(trial, tmp_path, Control(content))
    assert 1000 < outcome.metrics["seconds"] < 1100
    assert 0.2 < outcome.metrics["seconds/data_share"] < 0.3
    assert outcome.metrics["epochs"] == 3
    assert [epoch.when for epoch in epochs] == sorted(epoch.when for epoch in epochs)
    assert epochs[0].when == values["epochs"][0][0][1]


@pytest.mark.parametrize("damage", ["other trial", "cut", "other version"])
def test_a_checkpoint_that_does_not_fit_is_told_and_ignored(
    damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = TRIALS["lengths"]
    undisturbed, saved = every_checkpoint(trial, tmp_path)
    content = saved[5]
    match damage:
        case "other trial":
            trial = replace(trial, seed=1)
            undisturbed = bits(*run(trial, tmp_path))
        case "cut":
            content = content[:-1]
        case "other version":
            content = content[:16] + (7).to_bytes(4, "little") + content[20:]
    assert bits(*run(trial, tmp_path, Control(content))) == undisturbed
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.endswith("; the trial begins at its first step.\n")


PROGRAM = """
import sys
from pathlib import Path
from gatebench.control import Control
from tests.gatebench.training.checkpoint.trials import TRIALS, run
trial, file, kill_at = TRIALS[sys.argv[1]], Path(sys.argv[2]), int(sys.argv[3])
count = 0
def save(content):
    global count
    count += 1
    file.write_bytes(content)
    if count == kill_at:
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
run(trial, file.parent, Control(file.read_bytes() if file.exists() else None, save, save_seconds=0))
"""


@pytest.mark.parametrize("name", ["lengths", pytest.param("stream", marks=pytest.mark.slow)])
def test_processes_that_are_killed_twice(name: str, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    for kill_at in (4, 5):
        command = [sys.executable, "-c", PROGRAM, name, str(file), str(kill_at)]
        assert subprocess.run(command, cwd=ROOT, env=os.environ).returncode == -signal.SIGKILL
    assert bits(*run(TRIALS[name], tmp_path, Control(file.read_bytes()))) == bits(*run(TRIALS[name], tmp_path))


RANK_PROGRAM = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from gatebench.control import Control
from gatebench.ranks import Ranks
from gatebench.training import run_trial
from tests.gatebench.training.checkpoint.trials import TRIALS, bits
rank, port, file, kill_at = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
trial = TRIALS["augmentation"]
trial = replace(trial, training=replace(trial.training, devices=2))
count, epochs = 0, []
def save(content):
    global count
    assert rank == 0
    count += 1
    file.write_bytes(content)
    if count == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
control = Control(file.read_bytes() if file.exists() else None, save, save_seconds=0)
ranks = Ranks(rank, 2, "127.0.0.1", port)
outcome = run_trial(trial, home=file.parent, data_root=None, emit=epochs.append, control=control, ranks=ranks)
print(repr(bits(outcome, epochs)))
"""


@pytest.mark.slow
@pytest.mark.timeout(1500)  # six processes import the training code, which takes minutes on a busy machine
def test_two_ranks_continue_each_with_its_own_generators(tmp_path: Path) -> None:
    def both(name: str, kill_at: int) -> list[str]:
        """Run both ranks; return what they print."""
        with reserved_port("127.0.0.1") as port:
            rest = [str(port), str(tmp_path / name), str(kill_at)]
            return outputs_of([[sys.executable, "-c", RANK_PROGRAM, rank, *rest] for rank in "01"])

    undisturbed = both("undisturbed", 0)
    killed = both("killed", 8)
    continued = both("killed", 0)
    assert killed == ["", ""]
    assert all("status" in one for one in undisturbed)
    for one, other in zip(continued, undisturbed, strict=True):
        assert ast.literal_eval(one) == ast.literal_eval(other)
