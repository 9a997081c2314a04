"""Trials that are trained alone, and the same trials in one process at the same time."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load

from gatebench.backends.fused import compiled_cell
from gatebench.machine import turns
from gatebench.outcome import Epoch, Outcome
from gatebench.training import run_trial
from gatebench.training.weights_file import FILE_NAME
from gatebench.trial import Trial
from launch.running import worker_task
from launch.running.attempt import TrialRunner, train_trial
from launch.running.code_versions import code_versions
from launch.running.replicas import FACT, run_replicas
from launch.running.worker_task import Assignment, TaskEnd

Events = list[Epoch]


def runner(home: Path, data_root: Path | None = None) -> TrialRunner:
    """Return the function that trains a trial."""
    data = data_root or home
    return partial(train_trial, home=home, data_root=data, keep_memory=True, save_seconds=1e9, loggers={})


def alone(trial: Trial, home: Path, data_root: Path | None = None) -> tuple[Outcome, Events]:
    """Return the outcome and the epochs of a trial that has the process for itself."""
    epochs: Events = []
    return run_trial(trial, home=home, data_root=data_root or home, emit=epochs.append), epochs


def together(
    trials: Sequence[Trial],
    run: TrialRunner,
    patch: pytest.MonkeyPatch,
    while_running: Callable[[], None] = lambda: None,
) -> list[tuple[TaskEnd, Events]]:
    """Return the ends and the epochs of trials that share a process. They take turns as often as they can.

    Args:
        trials: the trials.
        run: the function that trains a trial.
        patch: replaces the mailbox by one that answers at once.
        while_running: a function that is called whenever events are sent.
    """
    sent: dict[str, Events] = {trial.digest: [] for trial in trials}

    def ask(method: Any, batch: Any) -> str:
        while_running()
        for event in batch.events:
            if isinstance(event, Epoch):
                sent[event.digest].append(event)
        return "run"

    class Mailbox:
        begin = put = None

    patch.setattr(turns, "TURN_SECONDS", 0.0)
    patch.setattr(compiled_cell, "_SERIAL_OPERATIONS", 0)
    patch.setattr(worker_task, "_ask", ask)
    patch.setattr(worker_task, "node_name", lambda: "node")
    assignments = [Assignment(trial, f"attempt {n}", None, code_versions()) for n, trial in enumerate(trials)]
    ends = run_replicas(assignments, run, Mailbox(), threads=torch.get_num_threads())
    for end in ends:
        for batch in end.batches:
            known = {epoch.epoch for epoch in sent[batch.events[0].digest]}
            sent[batch.events[0].digest] += [
                one for one in batch.events if isinstance(one, Epoch) and one.epoch not in known
            ]
    return [(end, sent[trial.digest]) for end, trial in zip(ends, trials, strict=True)]


def assert_same(one: tuple[Outcome, Events], other: tuple[Outcome, Events]) -> None:
    """Compare all that does not depend on the time: metrics, weights, gates and epochs, to the last bit."""
    (expected, epochs), (found, others) = one, other
    assert (found.status, found.sentence) == (expected.status, expected.sentence)
    assert _exact(_timeless(found.metrics)) == _exact(_timeless(expected.metrics))
    assert [_exact(epoch.metrics) for epoch in others] == [_exact(epoch.metrics) for epoch in epochs]
    assert found.files.keys() == expected.files.keys()
    if FILE_NAME in expected.files:
        weights, others_weights = (load(outcome.files[FILE_NAME]) for outcome in (expected, found))
        assert weights.keys() == others_weights.keys()
        assert all(torch.equal(weights[name], others_weights[name]) for name in weights)
    facts = {name: value for name, value in found.facts.items() if name != FACT}
    assert facts == dict(expected.facts)


def _timeless(metrics: Any) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if not name.startswith("seconds")}


def _exact(metrics: Any) -> dict[str, str]:
    """Return the metrics as texts, so that NaN equals NaN."""
    return {name: float(value).hex() for name, value in metrics.items()}
