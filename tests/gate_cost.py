"""Measures how much time the recording of gates adds to an epoch of training and validation.

    .venv/bin/python -m tests.gate_cost OVERRIDE …

for example with `experiment=quickstart cell=lstm seed=0`. Epochs with and without recording alternate in one trial. The
time is that of the training thread on the processor, with one thread, so that other programs disturb it little.
"""

import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping

from gatebench.control import Control
from gatebench.machine.allocator import keep_memory
from gatebench.task import Problem
from gatebench.training import Learner, SplitsDataModule
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.lightning_output import quiet
from gatebench.training.trainer import make_trainer
from gatebench.trial import Trial
from launch.config.compose import expand
from launch.config.settings import resolve_data_root

EPOCHS = 42
WARM_UP = 2  # epochs that do not count


class Timer(Callback):
    """Switches the recording on and off, and measures the epochs.

    Attributes:
        epochs: seconds of training and validation, with recording (True) and without.
        validations: the part of them that is validation.
    """

    def __init__(self) -> None:
        self.number = 0
        self.began = self.validation_began = 0.0
        self.epochs: dict[bool, list[float]] = {True: [], False: []}
        self.validations: dict[bool, list[float]] = {True: [], False: []}

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, Learner)
        pl_module.record_gates = self.number % 4 in (1, 2)  # each kind comes first equally often
        self.began = time.thread_time()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.validation_began = time.thread_time()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, Learner)
        now = time.thread_time()
        if self.number >= WARM_UP:
            self.epochs[pl_module.record_gates].append(now - self.began)
            self.validations[pl_module.record_gates].append(now - self.validation_began)
        self.number += 1


def measure(trial: Trial) -> Timer:
    """Train a trial for `EPOCHS` epochs."""
    trial = replace(trial, training=replace(trial.training, max_epochs=EPOCHS))
    timer = Timer()
    with tempfile.TemporaryDirectory() as folder:
        problem = trial.build_task().load(resolve_data_root(os.environ.get("GATEBENCH_DATA")), Path(folder) / "cache")
        assert isinstance(problem, Problem)
        learner = Learner(trial, problem)
        with quiet():
            saver = TrialSaver(learner, (problem,), Control())
            trainer = make_trainer(trial, learner.metric, lambda _: None, saver)
            kept = [one for one in trainer.callbacks if not isinstance(one, EarlyStopping)]  # type: ignore[attr-defined]
            trainer.callbacks = [*kept, timer]  # type: ignore[attr-defined]
            trainer.fit(learner, datamodule=SplitsDataModule(problem, trial.training.batch_size, trial.seed))
    return timer


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    keep_memory()
    timer = measure(expand(sys.argv[1:]).trials[0])
    epoch, without = (1e3 * statistics.median(timer.epochs[record]) for record in (True, False))
    added = 1e3 * (statistics.median(timer.validations[True]) - statistics.median(timer.validations[False]))
    print(f"epoch with recording {epoch:.1f} ms, without {without:.1f} ms")
    print(f"recording adds {added:.2f} ms to the validation: {100 * added / without:.2f} % of an epoch")


if __name__ == "__main__":
    main()
