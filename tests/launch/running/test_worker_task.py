import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from gatebench.control import Control, Stopped
from gatebench.outcome import Epoch, Outcome
from gatebench.trial import Trial
from launch.events import Checkpoint, Started
from launch.running import preemption, worker_task
from launch.running.code_versions import code_versions
from launch.running.mailbox import EventBatch, Order
from launch.running.worker_task import Assignment, run_on_worker
from tests.launch.trials import outcome, trial


class Mailbox:
    """A mailbox that answers at once."""

    order: Order = "run"

    def __init__(self) -> None:
        self.batches: list[EventBatch] = []

    def ask(self, method: Any, batch: EventBatch) -> Order:
        self.batches.append(batch)
        return self.order

    begin = put = None


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box = Mailbox()
    monkeypatch.setattr(worker_task, "_ask", box.ask)
    monkeypatch.setattr(worker_task, "node_name", lambda: "node")
    yield box
    preemption._received.clear()


class Leave:
    """A timer that is never started."""

    def __init__(self, timers: list["Leave"], *arguments: Any) -> None:
        self.arguments = arguments
        timers.append(self)

    def start(self) -> None:
        return


ASSIGNMENT = Assignment(trial(), "attempt", b"checkpoint", code_versions())


def train(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    assert control.resume == b"checkpoint"
    emit(Epoch(trial.digest, 0, 1, {}))
    return outcome(trial)


def preempted(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    assert not control.should_stop()
    os.kill(os.getpid(), signal.SIGTERM)
    assert control.should_stop()
    control.save(b"newer")
    raise Stopped("It stopped.")


def stopped_by_another_rank(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    assert not control.should_stop()
    raise Stopped("All ranks stop.")


def test_the_epochs_come_at_the_latest_with_the_end(mailbox: Mailbox) -> None:
    ended = run_on_worker(ASSIGNMENT, train, mailbox)
    assert isinstance(mailbox.batches[0].events[0], Started)
    assert mailbox.batches[0].key == ("attempt", 0)
    assert ended.batches[0] == mailbox.batches[0]
    events = [event for batch in (*mailbox.batches[1:], *ended.batches[1:]) for event in batch.events]
    assert any(isinstance(event, Epoch) for event in events)
    assert ended.outcome is not None
    assert ended.outcome.when > 0
    assert not ended.preempted


def test_nothing_begins_if_the_driver_drains(mailbox: Mailbox) -> None:
    mailbox.order = "drain"
    assert run_on_worker(ASSIGNMENT, train, mailbox).outcome is None


def test_other_code_is_refused(mailbox: Mailbox) -> None:
    other = replace(ASSIGNMENT, versions=replace(code_versions(), torch="1.0"))
    refused = run_on_worker(other, train, mailbox).outcome
    assert refused is not None
    assert refused.status == "refused"
    assert refused.sentence.startswith("Torch differs: ")


def test_a_process_that_receives_sigterm_saves_stops_and_leaves(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[Leave] = []
    monkeypatch.setattr(preemption, "Timer", partial(Leave, timers))
    before = signal.getsignal(signal.SIGTERM)
    ended = run_on_worker(ASSIGNMENT, preempted, mailbox)
    assert ended.preempted
    assert ended.outcome is not None
    assert (ended.outcome.status, ended.outcome.sentence) == ("interrupted", "It stopped.")
    saved = [event for batch in (*mailbox.batches, *ended.batches) for event in batch.events]
    assert Checkpoint(trial().digest, b"newer") in saved
    assert signal.getsignal(signal.SIGTERM) is before
    assert timers[0].arguments == (preemption.LEAVE_SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
    assert run_on_worker(ASSIGNMENT, train, mailbox).outcome is None


def test_a_trial_that_stops_without_an_order_is_preempted(mailbox: Mailbox) -> None:
    ended = run_on_worker(ASSIGNMENT, stopped_by_another_rank, mailbox)
    assert ended.preempted
    assert ended.outcome is not None
    assert ended.outcome.status == "interrupted"
    assert run_on_worker(ASSIGNMENT, train, mailbox).outcome is not None, "the process of this rank is not preempted"
