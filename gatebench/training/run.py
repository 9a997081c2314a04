"""One trial, from its config to its outcome."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite, isnan
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn

from gatebench.errors import Refusal
from gatebench.facts import facts
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Metric
from gatebench.training.learner import Learner, Report
from gatebench.training.loaders import Data
from gatebench.training.terminal import interruptible, quiet
from gatebench.trial import Trial


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
    with quiet():
        trainer, best = _trainer(trial, task.metrics[0], folder, emit)
    outcome = Outcome(
        trial.digest, cell.name, cell.digest, task.label, trial.seed, "finished", facts=_facts(trial, learner)
    )
    began = time.perf_counter()
    with quiet(), interruptible():
        trainer.fit(learner, datamodule=data)
    spent = {"seconds": time.perf_counter() - began, "epochs": float(len(learner.history))}
    facts_now = {**outcome.facts, "backend": "+".join(learner.network.recurrent.backends_used)}
    if not isfinite(learner.history[-1]["train/loss"]):
        sentence = f"The training loss was {learner.history[-1]['train/loss']} in epoch {len(learner.history)}."
        return replace(outcome, status="diverged", sentence=sentence, metrics=spent, facts=facts_now)
    _restore(learner, best)
    with quiet(), interruptible():
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
    def count(module: nn.Module) -> float:
        return float(sum(p.numel() for p in module.parameters() if p.requires_grad))

    return {"parameters": count(learner), "parameters/recurrent": count(learner.network.recurrent)}


def _facts(trial: Trial, learner: Learner) -> Mapping[str, str]:
    checksums = {f"data/{file}": checksum for file, checksum in trial.build_task().checksums().items()}
    device = torch.cuda.get_device_name() if trial.training.device == "cuda" else facts()["processor"]
    dtype = str(next(learner.network.recurrent.parameters()).dtype).removeprefix("torch.")
    return {**facts(), **checksums, "device": device, "dtype": dtype, "threads": str(torch.get_num_threads())}
