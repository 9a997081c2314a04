"""One trial, from its config to its outcome."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from gatebench.control import Control
from gatebench.machine import allocator
from gatebench.machine.c_compiler import trouble
from gatebench.outcome import Epoch, Outcome
from gatebench.ranks import Ranks
from gatebench.task import Problem, Stream
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.compiled_loss import check_compile
from gatebench.training.epochs import best_epoch, divergence_sentence
from gatebench.training.learner import Learner
from gatebench.training.lightning_parts import ended_loggers, make_callbacks, make_loggers
from gatebench.training.outcome_metrics import backend_facts, best_epoch_metrics, cost_metrics, rank_facts, run_facts
from gatebench.training.rank_seeds import seed_generators
from gatebench.training.ranks import check_ranks, joined
from gatebench.training.recorded_gates import add_recorded_gates
from gatebench.training.stop_rule import stop_facts
from gatebench.training.stream import run_stream
from gatebench.training.task_artifacts import add_task_artifacts
from gatebench.training.trainer import check_device, test, train
from gatebench.training.truncation_check import check_truncation
from gatebench.training.weights_file import add_weights
from gatebench.trial import Trial


def run_trial(
    trial: Trial,
    *,
    home: Path,
    data_root: Path | None,
    emit: Callable[[Epoch], None],
    control: Control | None = None,
    keep_memory: bool = True,
    record_gates: bool = True,
    loggers: Mapping[str, Mapping[str, Any]] | None = None,
    ranks: Ranks | None = None,
    while_waiting: Callable[[], None] = lambda: None,
) -> Outcome:
    """Train and test one trial, or take part in it as one of several ranks.

    Args:
        trial: the trial to run.
        home: the home; caches of the task's data and weights that are too large for a run are written below it.
        data_root: the data root with the task's files; None if the task needs no files.
        emit: the function that receives every epoch's metrics.
        control: the checkpoints of the trial, and the function that stops it; None: it is neither saved nor stopped.
        keep_memory: whether this process keeps freed memory for the next training step; see
            `gatebench.machine.allocator`.
        record_gates: whether the gates are recorded in validation and test. False is for measuring what it costs; all
            scores are the same to the last bit.
        loggers: {name: config} of Lightning's loggers, see `gatebench.training.lightning_parts`. They change no result.
        ranks: the place of this process among those that run the trial; None: it is alone.
        while_waiting: a function that rank 0 calls while it waits for the other ranks to start; it raises an error if
            one of them cannot start.

    Returns:
        The outcome. Its status is finished, or diverged: then the sentence names the epoch at which the training loss
        or the validation score was not finite, and the metrics are those of the best epoch before it. If there is no
        such epoch, they contain no scores. The metrics contain "seconds" of training, in all parts of the trial,
        "seconds/load" of loading the data, and "seconds/data_share", the share of the training time that was spent on
        gathering batches. The outcome of rank 0 is that of the trial; those of other ranks lack the baselines, the
        gates and the files.

    Raises:
        UserError: the config or the data are wrong.
        Refusal: the device or the backend cannot run the trial, or the cell or the task does not allow a setting.
        RankLost: another rank of the trial has ended.
        Stopped: the control stopped the trial, after its checkpoint was saved.
        KeyboardInterrupt: the user pressed Ctrl-C.
    """
    check_device(trial.training.device)
    check_ranks(trial, ranks)
    memory = allocator.keep_memory() if keep_memory else "The allocator has its default settings, as configured."
    with joined(ranks, trial.training.device, while_waiting) as group:
        torch.manual_seed(trial.seed)
        began = time.perf_counter()
        problem = trial.build_task().load(data_root or Path(), home / "cache")
        loading = {"seconds/load": time.perf_counter() - began}
        check_compile(trial.training, problem)
        learner = Learner(trial, problem, record_gates=record_gates, group=group)
        check_truncation(learner.network, trial, problem)
        learner.further_callbacks = make_callbacks(trial)
        learner.further_loggers = make_loggers(loggers or {}, trial, home) if group.is_first else []
        seed_generators(learner, trial.seed, group.ranks.rank)
        facts = {**run_facts(learner), "allocator": memory, "compiler": trouble("fused") or "It compiles cells."}
        outcome = Outcome.of(trial, "finished", metrics=loading, facts={**facts, **rank_facts(trial)})
        emit = emit if group.is_first else lambda _: None
        problems = problem.experiences if isinstance(problem, Stream) else (problem,)
        saver = TrialSaver(learner, problems, control or Control())
        with ended_loggers(learner.further_loggers):
            if isinstance(problem, Stream):
                outcome = run_stream(outcome, learner, problem, saver, emit)
            else:
                outcome = _train_and_test(outcome, learner, problem, saver, emit)
    has_scores = any(name.startswith("test/") for name in outcome.metrics)
    return add_weights(outcome, learner.network, problem, home) if has_scores and group.is_first else outcome


def _train_and_test(
    outcome: Outcome, learner: Learner, problem: Problem, saver: TrialSaver, emit: Callable[[Epoch], None]
) -> Outcome:
    """Train on a problem, test the best weights, and return the outcome with its metrics."""
    saver.send_again(0, emit)
    data = train(learner, saver, learner.metric, emit)
    seconds = saver.seconds
    data_share = {"seconds/data_share": saver.waited / seconds}
    training = {**outcome.metrics, **data_share, "seconds": seconds, "epochs": float(len(learner.history))}
    outcome = replace(outcome, metrics=training, facts={**outcome.facts, **backend_facts(learner)})
    if (sentence := divergence_sentence(learner.history, learner.metric)) is not None:
        outcome = replace(outcome, status="diverged", sentence=sentence)
    else:
        stop = stop_facts(learner.history, learner.metric, learner.trial)
        outcome = replace(outcome, facts={**outcome.facts, **stop})
    if best_epoch(learner.history, learner.metric) is None:
        return outcome
    saver.end_training()
    test(learner, saver, data, learner.metric)
    if not learner.group.is_first:
        return replace(outcome, metrics={**learner.test_scores, **training})
    simple_methods = {f"baseline/{name}": value for name, value in problem.baselines().items()}
    metrics = {
        **learner.test_scores,
        **simple_methods,
        **best_epoch_metrics(learner),
        **cost_metrics(learner),
        **training,
    }
    outcome = replace(outcome, metrics=metrics)
    outcome = add_task_artifacts(outcome, learner.network, problem, learner.trial.seed)
    if learner.best_gates is None or learner.test_gates is None:
        return outcome
    return add_recorded_gates(outcome, learner, problem, learner.best_gates, learner.test_gates)
