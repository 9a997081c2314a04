"""The device, the Lightning trainer with its callbacks, and the two uses of it: training and test."""

from collections.abc import Callable

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping

from gatebench.errors import Refusal
from gatebench.outcome import Epoch
from gatebench.task import Metric
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.data_module import EpochOrder, SplitsDataModule
from gatebench.training.direct_loops import use_direct_loops
from gatebench.training.learner import EpochReporter, Learner
from gatebench.training.lightning_output import interruptible, quiet
from gatebench.training.lightning_parts import LoggerReporter, log_metrics
from gatebench.training.precision import precision_plugin
from gatebench.training.ranks import keep_signal_handlers, strategy
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


def make_trainer(trial: Trial, metric: Metric, emit: Callable[[Epoch], None], saver: TrialSaver) -> pl.Trainer:
    """Return a trainer with early stopping, and with the callbacks and the loggers of the learner.

    Args:
        trial: the trial, with the training's settings.
        metric: the metric of the validation split that early stopping goes by.
        emit: the function that receives every epoch's metrics.
        saver: the checkpoints of the trial. Its learner knows the ranks that train the network together.
    """
    settings, learner, group = trial.training, saver.learner, saver.learner.group
    further = [*learner.further_callbacks.values(), *([LoggerReporter()] if learner.further_loggers else [])]
    stop = EarlyStopping(
        f"val/{metric.name}",
        mode=metric.direction,
        patience=settings.patience or settings.max_epochs,
        check_finite=False,
    )
    trainer = pl.Trainer(
        accelerator="gpu" if settings.device == "cuda" else "cpu",
        devices=1,
        num_nodes=group.ranks.world,  # for Lightning each rank is a node with one device
        strategy="auto" if group.is_alone else strategy(group),
        plugins=precision_plugin(settings),
        use_distributed_sampler=False,
        max_epochs=settings.max_epochs,
        gradient_clip_val=settings.gradient_clip or settings.gradient_clip_value or None,
        gradient_clip_algorithm="value" if settings.gradient_clip_value else "norm",
        callbacks=[EpochOrder(), stop, EpochReporter(emit, trial), *further, saver],
        logger=learner.further_loggers or False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    if not further and not learner.further_loggers:
        use_direct_loops(trainer)
    if not group.is_alone:
        keep_signal_handlers(trainer)
    return trainer


def train(learner: Learner, saver: TrialSaver, metric: Metric, emit: Callable[[Epoch], None]) -> SplitsDataModule:
    """Train on the learner's problem from the position of the saver on. Return the data of the problem.

    Nothing is trained if the training on the problem is over. Afterwards the learner has the best weights.

    Args:
        learner: the network.
        saver: the checkpoints of the trial.
        metric: as in `make_trainer`.
        emit: the function that receives every new epoch's metrics.
    """
    trial = learner.trial
    data = SplitsDataModule(
        learner.problem, trial.training.batch_size, trial.seed, learner.group.ranks, trial.training.device
    )
    if not saver.position.trained:
        with quiet(), interruptible():
            trainer = make_trainer(trial, metric, emit, saver)
            saver.attach(trainer, data)
            trainer.fit(learner, datamodule=data)
    learner.load_best_weights()
    return data


def test(learner: Learner, saver: TrialSaver, data: SplitsDataModule, metric: Metric) -> None:
    """Test the learner. Afterwards it has the scores in `test_scores`."""
    with quiet(), interruptible():
        make_trainer(learner.trial, metric, lambda _: None, saver).test(learner, datamodule=data, verbose=False)
    last = len(learner.history) * len(data.train) - 1
    log_metrics(learner.further_loggers, learner.test_scores, last)
