"""Trials that several ranks run, and the program of one rank: python -m tests.gatebench.training.rank_trials …"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gatebench.measures import gate_file
from gatebench.outcome import Epoch, Outcome
from gatebench.ranks import RankLost, Ranks, reserved_port
from gatebench.task import Batch, Problem
from gatebench.training import run_trial
from gatebench.trial import Model, Trial
from tasks.blocks.splits import TensorSplit
from tests.gatebench.training.sign import LSTM, TRIAL, Sign
from tests.paths import ROOT

HERE = "tests.gatebench.training.rank_trials"
DIED = 7
"""The exit code of a rank that ends in the middle of a training."""


class OneNan(Sign):
    """The sign of a sum. One training example, which only one rank sees, is not a number."""

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        problem = super().load(root, cache)
        assert isinstance(problem.train, TensorSplit)
        x = problem.train.x.clone()
        x[3] = torch.nan
        return replace(problem, train=TensorSplit(x, problem.train.y))


class Mortal(Sign):
    """The sign of a sum. The rank that the environment names dies in its second epoch."""

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        problem = super().load(root, cache)
        assert isinstance(problem.train, TensorSplit)
        return replace(problem, train=Deadly(problem.train.x, problem.train.y))


class Deadly(TensorSplit):
    """A split that ends its process after some batches."""

    left = 8

    def batch(self, indices: Tensor) -> Batch:
        Deadly.left -= 1
        if not Deadly.left and os.environ.get("DIES"):
            Path(os.environ["DEATH"]).write_text(str(time.time()))
            os._exit(DIED)
        return super().batch(indices)


REBER = {"_target_": "tasks.synthetic.reber.Reber", "training": 41, "validation": 13, "test": 9}
"""Sequences of unequal lengths. With batches of 8 the last batch has one example, so a rank has none."""

SMALL_VAL = {"_target_": "tasks.synthetic.adding.Adding", "length": 8, "training": 30, "validation": 1, "test": 1}
"""Validation and test have one example, so a rank has none in all of them."""


TEXT = {"_target_": "tests.gatebench.training.checkpoint.trials.Text", "name": "text"}
"""Streams of a text. The last batch has fewer streams than the others, and a rank has none of it."""


LITERATURE: dict[str, Any] = {
    "optimizer": "sgd",
    "momentum": 0.9,
    "nesterov": True,
    "learning_rate": 0.1,
    "tbptt": 6,
    "l1": 1e-3,
    "l2": 1e-2,
    "weight_noise": 0.05,
    "input_noise": 0.2,
    "schedule": "plateau",
    "schedule_epochs": 1,
    "warmup_steps": 5,
}
"""Settings of the training with random numbers and with values that all ranks must share."""


MASKED = Model(8, num_layers=2, variational_dropout=0.1, recurrent_dropout=0.2, weight_drop=0.1)
"""A network with masks that belong to whole sequences or whole batches."""


def trials(world: int) -> dict[str, Trial]:
    """Return the trials by name, for a number of ranks."""
    plain = replace(TRIAL.training, devices=world, batch_size=50)
    small = replace(plain, batch_size=8, backend="auto", gradient_clip=0.5)
    signs = {"_target_": "tests.gatebench.training.test_stream.Signs", "name": "signs", "signs": (1, -1)}
    return {
        "sign": replace(TRIAL, training=plain),
        "reber": Trial(LSTM, REBER, Model(8), small),
        "small_val": Trial(LSTM, SMALL_VAL, Model(8, num_layers=2, bidirectional=True), small),
        "stops": replace(TRIAL, training=replace(plain, max_epochs=30, patience=1, learning_rate=1e-9)),
        "nan": replace(TRIAL, task={"_target_": f"{HERE}.OneNan", "name": "one_nan"}, training=plain),
        "stream": replace(TRIAL, task=signs, training=replace(plain, max_epochs=2)),
        "text": Trial(LSTM, TEXT, Model(8, num_layers=2), replace(small, batch_size=7)),
        "dropout": replace(TRIAL, model=replace(TRIAL.model, dropout=0.5), training=replace(plain, max_epochs=1)),
        "literature": Trial(LSTM, REBER, MASKED, replace(small, max_epochs=3, **LITERATURE)),
        "mortal": replace(TRIAL, task={"_target_": f"{HERE}.Mortal", "name": "mortal"}, training=plain),
    }


@dataclass(frozen=True)
class Ran:
    """A trial that has ended, as plain data.

    Attributes:
        epochs: the metrics of the epochs that a rank sent.
        outcome: status, sentence, metrics and facts of its outcome; empty if another rank was lost.
        steps: the number of steps over which the gates were recorded, by split.
    """

    epochs: list[dict[str, float]]
    outcome: dict[str, Any]
    steps: dict[str, int]


def run(trial: Trial, home: Path, ranks: Ranks | None = None) -> Ran:
    """Run a trial as one rank, or alone."""
    epochs: list[Epoch] = []
    try:
        found = run_trial(trial, home=home, data_root=home, emit=epochs.append, ranks=ranks)
    except RankLost as lost:
        return Ran([dict(one.metrics) for one in epochs], {"lost": str(lost)}, {})
    return Ran([dict(one.metrics) for one in epochs], _plain(found), _steps(found))


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "sentence": outcome.sentence,
        "metrics": dict(outcome.metrics),
        "facts": dict(outcome.facts),
        "files": sorted(outcome.files),
    }


def _steps(outcome: Outcome) -> dict[str, int]:
    """Return the number of steps over which the gates were recorded, by split."""
    if gate_file.FILE_NAME not in outcome.files:
        return {}
    return {split: one.steps for split, one in gate_file.read(outcome.files[gate_file.FILE_NAME]).splits.items()}


def run_as_ranks(names: Sequence[str], world: int, home: Path, **environment: str) -> list[dict[str, Ran]]:
    """Run trials one after another in a process for each rank; return {name: the trial as the rank saw it} by rank."""
    with ExitStack() as stack:
        ports = ",".join(str(stack.enter_context(reserved_port("127.0.0.1"))) for _ in names)
        commands = [
            [sys.executable, "-m", HERE, str(rank), str(world), ports, str(home), *names] for rank in range(world)
        ]
        outputs = outputs_of(commands, **environment)
    return [{name: Ran(*values) for name, values in json.loads(output or "{}").items()} for output in outputs]


def outputs_of(commands: Sequence[Sequence[str]], **environment: str) -> list[str]:
    """Run commands at the same time, with one thread each, and return what each prints to stdout."""
    processes = [
        subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    try:
        return [process.communicate()[0] for process in processes]
    finally:  # also if the time of the test is over
        for process in processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def main(rank: int, world: int, ports: Sequence[int], home: Path, *names: str) -> None:
    """Run trials as one rank, and print them as JSON."""
    if rank != int(os.environ.get("DIES", "-1")):
        os.environ.pop("DIES", None)
    ran = {}
    for name, port in zip(names, ports, strict=True):
        found = run(trials(world)[name], home / name, Ranks(rank, world, "127.0.0.1", port))
        ran[name] = [found.epochs, found.outcome | {"ended": time.time()}, found.steps]
    print(json.dumps(ran))


if __name__ == "__main__":
    listed = [int(port) for port in sys.argv[3].split(",")]
    main(int(sys.argv[1]), int(sys.argv[2]), listed, Path(sys.argv[4]), *sys.argv[5:])
