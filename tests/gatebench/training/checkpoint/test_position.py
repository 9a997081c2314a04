"""The counters of Lightning's loops; that trials continue right is tested in `test_saver`."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from gatebench.training import Learner, SplitsDataModule
from gatebench.training.checkpoint.position import move_loops
from gatebench.training.data_module import EpochOrder
from gatebench.training.lightning_output import quiet
from tests.gatebench.training.sign import TRIAL, Sign

STEPS, EPOCHS = 4, 3


class Log(Callback):
    """What a trainer does: (epoch, step) of each step, "v" and the epoch for each batch of a validation."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.done.append((trainer.current_epoch, batch_idx))

    def on_validation_batch_start(self, trainer: pl.Trainer, *rest: Any) -> None:
        self.done.append(("v", trainer.current_epoch))


def done_from(epoch: int, steps: int) -> list[Any]:
    log = Log()
    problem = Sign().load(Path())
    data = SplitsDataModule(problem, 64, 0)
    data.train.start_at(epoch, steps)
    with quiet():
        trainer = pl.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=EPOCHS,
            callbacks=[EpochOrder(), log],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        move_loops(trainer, epoch, steps)
        learner = Learner(TRIAL, problem)
        learner.losses = [torch.tensor(1.0)] * steps  # without a loss an epoch would count as diverged
        trainer.fit(learner, datamodule=data)
    assert trainer.current_epoch == EPOCHS
    return log.done


@pytest.mark.parametrize("steps", range(STEPS + 1))
@pytest.mark.parametrize("epoch", range(EPOCHS))
def test_exactly_the_steps_after_the_position_are_done(epoch: int, steps: int) -> None:
    expected: list[Any] = []
    for number in range(epoch, EPOCHS):
        expected += [*((number, step) for step in range(STEPS)), ("v", number)]
    assert done_from(epoch, steps) == expected[steps:]
