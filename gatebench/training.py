"""Training one trial with Lightning: the only import of it. T time, B batch."""

import logging
import signal
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite, isnan, nan
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from gatebench import gates
from gatebench.batches import Batches
from gatebench.derive.bounds import unit_gates
from gatebench.errors import Refusal
from gatebench.facts import facts
from gatebench.network import Network
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Batch, Metric, Problem
from gatebench.trial import Trial

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "sgd": SGD}


class Data(pl.LightningDataModule):
    """A problem's splits as loaders; the training order depends on the seed and the epoch alone."""

    def __init__(self, problem: Problem, batch_size: int, seed: int) -> None:
        super().__init__()
        self.train = Batches(problem.train, batch_size, seed)
        self.val = Batches(problem.val, batch_size, None)
        self.test = Batches(problem.test, batch_size, None)

    def train_dataloader(self) -> Batches:
        """Return the training batches, shuffled."""
        return self.train

    def val_dataloader(self) -> Batches:
        """Return the validation batches."""
        return self.val

    def test_dataloader(self) -> Batches:
        """Return the test batches."""
        return self.test

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Return the batch on the device; lengths stay on the CPU, where they are read."""
        del dataloader_idx
        return replace(batch, x=batch.x.to(device), y=batch.y.to(device))


class Learner(pl.LightningModule):
    """A network with its loss, its metrics and its optimiser. `history` holds every epoch's metrics."""

    def __init__(self, trial: Trial, problem: Problem) -> None:
        super().__init__()
        self.trial, self.problem = trial, problem
        self.network = Network(problem, trial)
        self.history: list[dict[str, float]] = []
        self._losses: list[Tensor] = []
        self._tallies: dict[str, Tensor] = {}
        self._figures: dict[str, float] = {}

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a batch."""
        del index
        loss = self.problem.loss(self.network(batch), batch)
        self._losses.append(loss.detach())
        return loss

    def on_validation_epoch_start(self) -> None:
        """Begin the sums of an epoch."""
        self._tallies, self._figures = defaultdict(lambda: torch.zeros(())), {}

    def validation_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the sums; the first one is also traced, for the gates' statistics."""
        self._add(batch)
        if index == 0:
            encoded = self.network.encoder(batch.x)
            trace = self.network.recurrent.trace(encoded, lengths=batch.lengths)[2]
            cell = self.network.recurrent.cell
            self._figures = gates.summarize(
                trace, batch.lengths, unit_gates=unit_gates(cell) & set(cell.definitions.gates)
            )

    def on_validation_epoch_end(self) -> None:
        """Score the epoch, and stop the training where the loss is no number any more."""
        loss = torch.stack(self._losses).mean().item() if self._losses else nan
        self._losses = []
        scores = {f"val/{name}": value for name, value in self._scores().items()}
        self.history.append({"train/loss": loss, **scores, **self._figures})
        self.log_dict({name: torch.tensor(value, dtype=torch.float32) for name, value in scores.items()})
        if not isfinite(loss):
            self.trainer.should_stop = True

    def on_test_epoch_start(self) -> None:
        """Begin the sums of the test."""
        self._tallies = defaultdict(lambda: torch.zeros(()))

    def test_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the sums."""
        del index
        self._add(batch)

    def on_test_epoch_end(self) -> None:
        """Score the test."""
        self._figures = {f"test/{name}": value for name, value in self._scores().items()}

    @property
    def test_scores(self) -> dict[str, float]:
        """The test's metrics, after it has run."""
        return self._figures

    def configure_optimizers(self) -> Optimizer:
        """Return the optimiser that the config names."""
        settings = self.trial.training
        make = OPTIMIZERS[settings.optimizer]
        return make(self.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)

    def _add(self, batch: Batch) -> None:
        for name, value in self.problem.tally(self.network(batch), batch).items():
            self._tallies[name] = self._tallies[name] + value.detach().double().cpu()

    def _scores(self) -> dict[str, float]:
        return self.problem.scores({name: value.item() for name, value in self._tallies.items()})


class Report(Callback):
    """Passes every epoch's metrics on."""

    def __init__(self, emit: Callable[[Epoch], None], trial: Trial) -> None:
        self.emit, self.trial, self.digest = emit, trial, trial.digest

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Emit the epoch that was just validated."""
        assert isinstance(pl_module, Learner)
        self.emit(Epoch(self.digest, trainer.current_epoch, self.trial.training.max_epochs, pl_module.history[-1]))


def run_trial(trial: Trial, *, home: Path, data_root: Path | None, emit: Callable[[Epoch], None]) -> Outcome:
    """Train and test one trial.

    Args:
        trial: what to run.
        home: where the best checkpoint is kept, below `checkpoints/<digest>/`.
        data_root: where the task's files are; None if the task needs none.
        emit: is given every epoch's metrics.

    Returns:
        The outcome: finished, or diverged with the epoch at which the loss stopped being a number.

    Raises:
        UserError: the config or the data are at fault.
        Refusal: the device or the backend cannot run the trial.
        KeyboardInterrupt: the user stopped it.
    """
    _check_device(trial.training.device)
    task, cell = trial.build_task(), trial.build_cell()
    torch.manual_seed(trial.seed)
    problem = task.load(data_root or Path(), home / "cache")
    learner = Learner(trial, problem)
    data = Data(problem, trial.training.batch_size, trial.seed)
    folder = home / "checkpoints" / trial.digest
    with _quiet():
        trainer, best = _trainer(trial, task.metrics[0], folder, emit)
    outcome = Outcome(
        trial.digest, cell.name, cell.digest, task.label, trial.seed, "finished", facts=_facts(trial, learner)
    )
    began = time.perf_counter()
    with _quiet(), _interruptible():
        trainer.fit(learner, datamodule=data)
    spent = {"seconds": time.perf_counter() - began, "epochs": float(len(learner.history))}
    facts_now = {**outcome.facts, "backend": "+".join(learner.network.recurrent.backends_used)}
    if not isfinite(learner.history[-1]["train/loss"]):
        sentence = f"The training loss was {learner.history[-1]['train/loss']} in epoch {len(learner.history)}."
        return replace(outcome, status="diverged", sentence=sentence, metrics=spent, facts=facts_now)
    _restore(learner, best)
    with _quiet(), _interruptible():
        trainer.test(learner, datamodule=data, verbose=False)
    simple = {f"baseline/{name}": value for name, value in problem.baselines().items()}
    metrics = {**learner.test_scores, **simple, **_best(learner, task.metrics[0]), **_sizes(learner), **spent}
    return replace(outcome, metrics=metrics, facts=facts_now)


def _check_device(device: str) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        raise Refusal(
            "training.device is cuda, but torch finds no CUDA device on this machine; use training.device=cpu."
        )


def _trainer(
    trial: Trial, metric: Metric, folder: Path, emit: Callable[[Epoch], None]
) -> tuple[pl.Trainer, ModelCheckpoint]:
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
        max_epochs=settings.max_epochs,
        gradient_clip_val=settings.gradient_clip or None,
        callbacks=[best, stop, Report(emit, trial)],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    return trainer, best


def _restore(learner: Learner, best: ModelCheckpoint) -> None:
    """Load the best weights; `weights_only` so that nothing is ever unpickled."""
    if best.best_model_path:
        learner.load_state_dict(torch.load(best.best_model_path, weights_only=True, map_location="cpu")["state_dict"])


def _best(learner: Learner, metric: Metric) -> dict[str, float]:
    """Return the best epoch's validation metrics and gate statistics, under names of their own."""
    key = f"val/{metric.name}"
    sign = 1 if metric.direction == "max" else -1
    scored = [epoch for epoch in learner.history if not isnan(epoch[key])] or learner.history
    epoch = max(scored, key=lambda e: sign * e[key])
    found = {
        f"best/{name}" if name.startswith("val/") else name: value
        for name, value in epoch.items()
        if name != "train/loss"
    }
    return {"best/epoch": float(learner.history.index(epoch)), **found}


def _sizes(learner: Learner) -> dict[str, float]:
    def count(module: torch.nn.Module) -> float:
        return float(sum(p.numel() for p in module.parameters() if p.requires_grad))

    return {"parameters": count(learner), "parameters/recurrent": count(learner.network.recurrent)}


def _facts(trial: Trial, learner: Learner) -> Mapping[str, str]:
    checksums = {f"data/{file}": checksum for file, checksum in trial.build_task().checksums().items()}
    device = torch.cuda.get_device_name() if trial.training.device == "cuda" else facts()["processor"]
    dtype = str(next(learner.network.recurrent.parameters()).dtype).removeprefix("torch.")
    return {**facts(), **checksums, "device": device, "dtype": dtype, "threads": str(torch.get_num_threads())}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's banners and its advice on loaders from the user's terminal."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pytorch_lightning.*")
        warnings.filterwarnings("ignore", message=r".*_pytree.*|.*LeafSpec.*", category=Warning)
        try:
            yield
        finally:
            logger.setLevel(level)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn the exit that Lightning makes of Ctrl-C back into a KeyboardInterrupt, and give the signal back."""
    handler: Any = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit:
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from None
