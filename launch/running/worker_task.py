"""The task that runs one attempt of a trial on a Ray worker."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from launch.running.ray_cluster import node_name  # before ray: it sets Ray up

# isort: split
from ray.exceptions import RayError

from gatebench.control import Control
from gatebench.outcome import Outcome
from gatebench.trial import Trial
from launch.events import Started
from launch.running.attempt import TrialRunner, attempt_in_sweep, import_training
from launch.running.code_versions import CodeVersions, code_versions, difference
from launch.running.event_sender import EventSender
from launch.running.mailbox import EventBatch, Order
from launch.running.preemption import is_preempted, preemption

RESEND_SECONDS = 1.0
"""The time before a batch is sent again, if the mailbox did not answer."""


@dataclass(frozen=True)
class Assignment:
    """One attempt, as the driver gives it to a worker.

    Attributes:
        trial: the trial.
        attempt: the name of the attempt.
        resume: the checkpoint from which the trial continues, or None.
        versions: the versions of the driver's code.
    """

    trial: Trial
    attempt: str
    resume: bytes | None
    versions: CodeVersions


@dataclass(frozen=True)
class TaskEnd:
    """The end of a task.

    Attributes:
        outcome: the outcome; None if the attempt did not begin.
        batches: the batches that the driver may not have handled.
        preempted: whether a process of the trial has received SIGTERM, so that the trial is to continue elsewhere.
    """

    outcome: Outcome | None
    batches: Sequence[EventBatch] = ()
    preempted: bool = False


def warm_up() -> None:
    """Do what the first trial of this process would wait for: import the training code, and read the source files."""
    import_training()
    code_versions()


def run_on_worker(assignment: Assignment, run: TrialRunner, mailbox: Any) -> TaskEnd:
    """Run a trial on a worker, send its events, and return its end.

    Args:
        assignment: the attempt.
        run: the function that trains the trial.
        mailbox: the handle of the mailbox.
    """
    trial = assignment.trial
    if is_preempted():
        return TaskEnd(None, preempted=True)
    if (sentence := difference(assignment.versions, code_versions())) is not None:
        return TaskEnd(now(Outcome.of(trial, "refused", sentence[:1].upper() + sentence[1:])))
    first = EventBatch(assignment.attempt, 0, [Started(trial.digest, time.time())], node_name())
    if _ask(mailbox.begin, first) != "run":
        return TaskEnd(None)
    sender = EventSender(first, trial.digest, lambda batch: _ask(mailbox.put, batch))
    with preemption():
        control = Control(assignment.resume, sender.save, lambda: is_preempted() or sender.should_stop())
        outcome = now(attempt_in_sweep(trial, run, sender.emit, control))
        batches = [first, *sender.end()]  # the end may reach the driver before the first batch
        # The driver has not stopped the trial, so a process of it has received SIGTERM: this one, or another rank.
        return TaskEnd(outcome, batches, preempted=outcome.status == "interrupted" and not sender.should_stop())


def now(outcome: Outcome) -> Outcome:
    """Return an outcome with the time of its end: the present one if it has none."""
    return outcome if outcome.when else replace(outcome, when=time.time())


def _ask(method: Any, batch: EventBatch) -> Order:
    """Send a batch to the mailbox and return the driver's order. While the mailbox does not answer, send it again."""
    while True:
        try:
            # `ray.get` would tell Ray that this task waits, and Ray would start another one on its core.
            order: Order = method.remote(batch).future().result()
        except RayError:
            time.sleep(RESEND_SECONDS)
        else:
            return order
