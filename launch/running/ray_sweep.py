"""Many trials at once: Ray runs each of them as a task on a worker process. Workers are reused.

A worker sends events to the driver, see `launch/events.py`: `Started` and one `Epoch` after each epoch go through an
`EventQueue`, a Ray actor that the driver empties every `POLL_SECONDS`. The `Outcome` is the return value of the task.
"""

import time
from collections.abc import Sequence
from typing import Any

from launch.running.ray_cluster import (  # before ray: it sets Ray up
    Resources,
    check_resources,
    first_line,
    open_cluster,
)

# isort: split
import ray
from ray.exceptions import OutOfMemoryError, RayError, TaskCancelledError, WorkerCrashedError

from gatebench.control import Control
from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.trial import Trial
from launch.events import Event, EventHandler, Started
from launch.running.attempt import TrialRunner, attempt_in_sweep

POLL_SECONDS = 0.25
"""The time between two looks of the driver at the event queue."""


class EventQueue:
    """A queue of the events that workers have sent and the driver has not taken yet. It runs as a Ray actor."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def put(self, event: Event) -> None:
        """Add an event."""
        self._events.append(event)

    def take(self) -> list[Event]:
        """Return the events since the last call, in their order."""
        events, self._events = self._events, []
        return events


def run_trials(trials: Sequence[Trial], run: TrialRunner, resources: Resources, handle: EventHandler) -> None:
    """Run the trials, as many at once as the resources allow, and pass their events to `handle`.

    A trial that fails, or whose process dies, has a failed outcome and does not stop the others. If this function ends
    early, for example by Ctrl-C, the running trials are cancelled.

    Args:
        trials: the trials.
        run: the function that trains one trial on a worker.
        resources: the resources of the trials, and the address of the cluster.
        handle: the function that receives all events, in this process.

    Raises:
        UserError: Ray cannot be reached, or the connection is lost.
        Refusal: no machine has the resources of a trial.
    """
    with open_cluster(resources):
        check_resources([resources.of(trial) for trial in trials])
        try:
            _handle_events(*_submit(trials, run, resources), handle)
        except RayError as error:
            raise UserError(
                f"The connection to Ray's cluster is lost ({first_line(error)}); run the same command to continue."
            ) from None


def _submit(trials: Sequence[Trial], run: TrialRunner, resources: Resources) -> tuple[dict[Any, Trial], Any]:
    """Submit all trials to Ray. Return the trials by their references, and the event queue."""
    queue: Any = ray.remote(num_cpus=0)(EventQueue).remote()
    task: Any = ray.remote(max_retries=0)(_run_on_worker)
    pending: dict[Any, Trial] = {}
    for trial in trials:
        options = {f"num_{name.lower()}s": amount for name, amount in resources.of(trial).items()}
        pending[task.options(**options).remote(trial, run, queue)] = trial
    return pending, queue


def _handle_events(pending: dict[Any, Trial], queue: Any, handle: EventHandler) -> None:
    """Pass the events to `handle` until every trial has ended."""
    try:
        while pending:
            ready, _ = ray.wait(list(pending), timeout=POLL_SECONDS)
            for event in ray.get(queue.take.remote()):
                handle(event)
            for reference in ready:
                handle(_outcome(reference, pending.pop(reference)))
    finally:
        for reference in pending:
            ray.cancel(reference, force=True)


def _run_on_worker(trial: Trial, run: TrialRunner, queue: Any) -> Outcome:
    """Run a trial on a worker, send its events, and return its outcome."""
    last_sent = queue.put.remote(Started(trial.digest, time.time()))

    def emit(epoch: Epoch) -> None:
        nonlocal last_sent
        last_sent = queue.put.remote(epoch)

    outcome = attempt_in_sweep(trial, run, emit, Control())
    # The calls of one worker arrive in order. After the last one, all events are in the queue before the outcome.
    ray.get(last_sent)
    return outcome


def _outcome(reference: Any, trial: Trial) -> Outcome:
    """Return the outcome of a task that has ended, also if its process died."""
    try:
        outcome: Outcome = ray.get(reference)
    except TaskCancelledError:
        return Outcome.of(trial, "interrupted", "The trial was cancelled.")
    except OutOfMemoryError:
        return Outcome.of(trial, "failed", "The machine ran out of memory, and Ray ended the trial's process.")
    except WorkerCrashedError:
        return Outcome.of(trial, "failed", "The trial's process died: it was killed, or it crashed.")
    except RayError as error:
        return Outcome.of(trial, "failed", f"Ray lost the trial ({first_line(error)}).")
    return outcome
