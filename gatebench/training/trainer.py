"""The device, the Lightning trainer with its callbacks, and the best weights."""

from collections.abc import Callable
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint

from gatebench.errors import Refusal
from gatebench.outcome import Epoch
from gatebench.task import Metric
from gatebench.training.learner import EpochReporter, Learner
from gatebench.training.rank_group import NO_GROUP, RankGroup
from gatebench.training.ranks import strategy
from gatebench.trial import Trial


def check_device(device: str) -> None:
    """Check that the device exists.

    Raises:
        Refusal: the device is cuda, and torch finds no CUDA device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise Refusal(
            "training.device is cuda, but torch finds no CUDA device on this machine; use training.device=cpu."
        )


def make_trainer(
    trial: Trial, metric: Metric, folder: Path, emit: Callable[[Epoch], None], group: RankGroup = NO_GROUP
) -> tuple[pl.Trainer, ModelCheckpoint]:
    """Return a trainer with early stopping, and its checkpoint of the best weights.

    Args:
        trial: the trial, with the training's settings.
        metric: the metric of the validation split that early stopping and the best weights go by.
        folder: the folder for the file `best.ckpt`.
        emit: the function that receives every epoch's metrics.
        group: the ranks that train the network together.
    """
    settings, monitor = trial.training, f"val/{metric.name}"
    best = ModelCheckpoint(
        folder,
        filename="best",
        monitor=monitor,
        mode=metric.direction,
        save_weights_only=True,
        enable_version_counter=False,
    )
    stop = EarlyStopping(
        monitor, mode=metric.direction, patience=settings.patience or settings.max_epochs, check_finite=False
    )
    trainer = pl.Trainer(
        accelerator="gpu" if settings.device == "cuda" else "cpu",
        devices=1,
        num_nodes=group.ranks.world,  # for Lightning each rank is a node with one device
        strategy="auto" if group.is_alone else strategy(group),
        use_distributed_sampler=False,
        max_epochs=settings.max_epochs,
        gradient_clip_val=settings.gradient_clip or None,
        callbacks=[best, stop, EpochReporter(emit, trial)],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    return trainer, best


def load_best_weights(learner: Learner, best: ModelCheckpoint) -> None:
    """Load the best weights into the learner. `weights_only=True`: nothing is unpickled.

    Rank 0 reads the file, which may be on its machine only. The other ranks get the weights from it when they next
    train or test: Lightning sends the weights of rank 0 to all ranks before that.
    """
    if best.best_model_path and learner.group.is_first:
        learner.load_state_dict(torch.load(best.best_model_path, weights_only=True, map_location="cpu")["state_dict"])
