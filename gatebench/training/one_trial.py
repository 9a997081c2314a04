"""One trial, from its config to its outcome."""

import time
from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from pathlib import Path

import torch

from gatebench.backends.fused.compiler import trouble
from gatebench.machine.allocator import keep_memory
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Problem, Stream
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.learner import Learner
from gatebench.training.lightning_output import interruptible, quiet
from gatebench.training.outcome_figures import best_epoch, circumstances, sizes
from gatebench.training.stream import run_stream
from gatebench.training.trainer import check_device, make_trainer, restore
from gatebench.trial import Trial


def run_trial(
    trial: Trial, *, home: Path, data_root: Path | None, emit: Callable[[Epoch], None], keep: bool = True
) -> Outcome:
    """Train and test one trial.

    Args:
        trial: what to run.
        home: where the best checkpoint is kept, below `checkpoints/<digest>/`.
        data_root: where the task's files are; None if the task needs none.
        emit: is given every epoch's metrics.
        keep: whether this process keeps freed memory for the next step; see `gatebench.machine.allocator`.

    Returns:
        The outcome: finished, or diverged with the epoch at which the loss stopped being a number. Its metrics hold
        "seconds" of training, "seconds/load" of reading the data, and "seconds/data_share", the share of training that
        went into gathering batches.

    Raises:
        UserError: the config or the data are at fault.
        Refusal: the device or the backend cannot run the trial.
        KeyboardInterrupt: the user stopped it.
    """
    check_device(trial.training.device)
    allocator = keep_memory() if keep else "The allocator is left as it is: it was asked to be."
    task, cell = trial.build_task(), trial.build_cell()
    torch.manual_seed(trial.seed)
    began = time.perf_counter()
    problem = task.load(data_root or Path(), home / "cache")
    loading = {"seconds/load": time.perf_counter() - began}
    learner = Learner(trial, problem)
    facts = {**circumstances(learner), "allocator": allocator, "compiler": trouble() or "It compiles cells."}
    outcome = Outcome(
        trial.digest,
        cell.name,
        cell.digest,
        task.label,
        trial.seed,
        "finished",
        metrics=loading,
        facts=facts,
        metric=task.metrics[0],
        chance=task.chance,
    )
    folder = home / "checkpoints" / trial.digest
    if isinstance(problem, Stream):
        return run_stream(outcome, learner, problem, folder, emit)
    return _run_whole(outcome, learner, problem, folder, emit)


def _run_whole(
    outcome: Outcome, learner: Learner, problem: Problem, folder: Path, emit: Callable[[Epoch], None]
) -> Outcome:
    """Train on a problem and test the best weights; return the outcome with its figures."""
    trial, metric = learner.trial, learner.trial.build_task().metrics[0]
    data = SplitsDataModule(problem, trial.training.batch_size, trial.seed)
    began = time.perf_counter()
    with quiet(), interruptible():
        trainer, best = make_trainer(trial, metric, folder, emit)
        trainer.fit(learner, datamodule=data)
    seconds = time.perf_counter() - began
    waited = {"seconds/data_share": (data.train.waited + data.val.waited) / seconds}
    spent = {**outcome.metrics, **waited, "seconds": seconds, "epochs": float(len(learner.history))}
    facts = {**outcome.facts, "backend": "+".join(learner.network.recurrent.backends_used)}
    if not isfinite(loss := learner.history[-1]["train/loss"]):
        sentence = f"The training loss was {loss} in epoch {len(learner.history)}."
        return replace(outcome, status="diverged", sentence=sentence, metrics=spent, facts=facts)
    restore(learner, best)
    with quiet(), interruptible():
        trainer.test(learner, datamodule=data, verbose=False)
    simple = {f"baseline/{name}": value for name, value in problem.baselines().items()}
    metrics = {**learner.test_scores, **simple, **best_epoch(learner, metric), **sizes(learner), **spent}
    return replace(outcome, metrics=metrics, facts=facts)
