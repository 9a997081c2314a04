from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytorch_lightning as pl
import torch

from gatebench.task import Batch
from gatebench.training.data_module import EpochOrder, SplitsDataModule
from tests.gatebench.training.sign import Sign


def test_training_is_shuffled_by_the_seed_and_the_rest_is_not() -> None:
    problem = Sign().load(Path())
    one, other, third = (SplitsDataModule(problem, 64, seed) for seed in (0, 0, 1))
    first = [batch.y.tolist() for batch in one.train_dataloader()]
    assert first == [batch.y.tolist() for batch in other.train_dataloader()]
    assert first != [batch.y.tolist() for batch in third.train_dataloader()]
    for loader, split in ((one.val_dataloader(), problem.val), (one.test_dataloader(), problem.test)):
        assert torch.equal(torch.cat([b.y for b in loader]), split.batch(torch.arange(len(split))).y)


def test_every_epoch_of_a_trainer_has_its_order() -> None:
    data = SplitsDataModule(Sign().load(Path()), 64, 0)
    trainer = SimpleNamespace(train_dataloader=data.train, current_epoch=3)
    EpochOrder().on_train_epoch_start(cast("pl.Trainer", trainer), cast("pl.LightningModule", None))
    assert data.train.epoch == 3


def test_values_go_to_the_device_and_lengths_stay() -> None:
    data = SplitsDataModule(Sign().load(Path()), 64, 0)
    batch = Batch(torch.zeros(2, 3, 1), torch.zeros(3), torch.tensor([2, 1, 2]))
    moved = data.transfer_batch_to_device(batch, torch.device("meta"), 0)
    assert moved.x.device.type == moved.y.device.type == "meta"
    assert moved.lengths is batch.lengths
