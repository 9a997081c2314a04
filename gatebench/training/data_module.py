"""The splits of a problem as a Lightning data module."""

from dataclasses import replace
from typing import cast

import pytorch_lightning as pl
import torch

from gatebench.device_copies import sent
from gatebench.ranks import ALONE, Ranks
from gatebench.task import Batch, Problem
from gatebench.training.batches import Batches
from gatebench.training.resident_splits import resident_splits


class SplitsDataModule(pl.LightningDataModule):
    """The loaders of a problem's splits. `gatebench.training.batches` describes the order of the batches.

    Args:
        problem: the loaded task.
        batch_size: B.
        seed: the seed of the order of the training batches.
        ranks: the place of this process, which gets its share of every batch; by default it is alone.
        device: the device of the training. The splits are moved to a GPU if they fit; see `resident_splits`.
    """

    def __init__(self, problem: Problem, batch_size: int, seed: int, ranks: Ranks = ALONE, device: str = "cpu") -> None:
        super().__init__()
        is_text = problem.carries_state
        evaluated = 1 if is_text else batch_size  # one stream: the scores are those of the whole text
        splits = (problem.train, problem.val, problem.test)
        train, val, test = splits if device == "cpu" else resident_splits(splits, torch.device(device))
        self.train = Batches(train, batch_size, seed, ranks, is_text=is_text)
        self.val = Batches(val, evaluated, None, ranks, is_text=is_text)
        self.test = Batches(test, evaluated, None, ranks, is_text=is_text)

    def train_dataloader(self) -> Batches:
        """Return the training batches, which are shuffled anew for every epoch."""
        return self.train

    def val_dataloader(self) -> Batches:
        """Return the validation batches."""
        return self.val

    def test_dataloader(self) -> Batches:
        """Return the test batches."""
        return self.test

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Return the batch on the device. The lengths stay on the CPU, where the layers read them."""
        del dataloader_idx
        if device.type == "cpu":
            return batch
        return replace(batch, x=sent(batch.x, device), y=sent(batch.y, device))


class EpochOrder(pl.Callback):
    """Lets the training batches of a `SplitsDataModule` have a new order in every epoch.

    An epoch in whose middle a trial continues has been started before, and its batches know it.
    """

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the epoch's batches."""
        del pl_module
        batches = cast("Batches", trainer.train_dataloader)
        batches.start_at(trainer.current_epoch)
