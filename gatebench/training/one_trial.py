"""One trial, from its config to its outcome."""

import time
from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from pathlib import Path

import torch

from gatebench.machine import allocator
from gatebench.machine.c_compiler import trouble
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Problem, Stream
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.learner import Learner
from gatebench.training.lightning_output import interruptible, quiet
from gatebench.training.outcome_metrics import best_epoch_metrics, parameter_counts, run_facts
from gatebench.training.stream import run_stream
from gatebench.training.trainer import check_device, load_best_weights, make_trainer
from gatebench.trial import Trial


def run_trial(
    trial: Trial, *, home: Path, data_root: Path | None, emit: Callable[[Epoch], None], keep_memory: bool = True
) -> Outcome:
    """Train and test one trial.

    Args:
        trial: the trial to run.
        home: the home; the best checkpoint is written to `checkpoints/<digest>/` below it.
        data_root: the data root with the task's files; None if the task needs no files.
        emit: the function that receives every epoch's metrics.
        keep_memory: whether this process keeps freed memory for the next training step; see
            `gatebench.machine.allocator`.

    Returns:
        The outcome. Its status is finished, or diverged with the epoch at which the loss was not finite. Its metrics
        contain "seconds" of training, "seconds/load" of loading the data, and "seconds/data_share", the share of the
        training time that was spent on gathering batches.

    Raises:
        UserError: the config or the data are wrong.
        Refusal: the device or the backend cannot run the trial.
        KeyboardInterrupt: the user pressed Ctrl-C.
    """
    check_device(trial.training.device)
    memory = allocator.keep_memory() if keep_memory else "The allocator has its default settings, as configured."
    torch.manual_seed(trial.seed)
    began = time.perf_counter()
    problem = trial.build_task().load(data_root or Path(), home / "cache")
    loading = {"seconds/load": time.perf_counter() - began}
    learner = Learner(trial, problem)
    facts = {**run_facts(learner), "allocator": memory, "compiler": trouble("fused") or "It compiles cells."}
    outcome = Outcome.of(trial, "finished", metrics=loading, facts=facts)
    folder = home / "checkpoints" / trial.digest
    if isinstance(problem, Stream):
        return run_stream(outcome, learner, problem, folder, emit)
    return _train_and_test(outcome, learner, problem, folder, emit)


def _train_and_test(
    outcome: Outcome, learner: Learner, problem: Problem, folder: Path, emit: Callable[[Epoch], None]
) -> Outcome:
    """Train on a problem, test the best weights, and return the outcome with its metrics."""
    trial, metric = learner.trial, learner.trial.build_task().metrics[0]
    data = SplitsDataModule(problem, trial.training.batch_size, trial.seed)
    began = time.perf_counter()
    with quiet(), interruptible():
        trainer, best = make_trainer(trial, metric, folder, emit)
        trainer.fit(learner, datamodule=data)
    seconds = time.perf_counter() - began
    data_share = {"seconds/data_share": (data.train.waited + data.val.waited) / seconds}
    training = {**outcome.metrics, **data_share, "seconds": seconds, "epochs": float(len(learner.history))}
    facts = {**outcome.facts, "backend": "+".join(learner.network.recurrent.backends_used)}
    if not isfinite(loss := learner.history[-1]["train/loss"]):
        message = f"The training loss was {loss} in epoch {len(learner.history)}."
        return replace(outcome, status="diverged", sentence=message, metrics=training, facts=facts)
    load_best_weights(learner, best)
    with quiet(), interruptible():
        trainer.test(learner, datamodule=data, verbose=False)
    simple_methods = {f"baseline/{name}": value for name, value in problem.baselines().items()}
    metrics = {
        **learner.test_scores,
        **simple_methods,
        **best_epoch_metrics(learner, metric),
        **parameter_counts(learner),
        **training,
    }
    return replace(outcome, metrics=metrics, facts=facts)
