"""Many trials at once: one driver, Ray Core tasks on warm workers, a mailbox for their news. Only here is ray used."""

import logging
import os
import signal
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # read on import, else a warning a worker

import ray
from ray.exceptions import OutOfMemoryError, RayError, TaskCancelledError, WorkerCrashedError

from gatebench.errors import Refusal, UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.trial import Trial
from launch.events import Event, Started, Tell
from launch.running.attempt import TrialRunner, forgiving

POLL_SECONDS = 0.25
PATIENCE_SECONDS = 10
_OBJECT_STORE = 80 * 2**20  # bytes, the least that Ray takes: only small events travel


@dataclass(frozen=True)
class Resources:
    """What trials may use. workers: trials at a time on this machine; address: of a running cluster, or None."""

    workers: int | None = None
    cpus: int = 1
    gpus: float | None = None
    address: str | None = None

    def of(self, trial: Trial) -> dict[str, float]:
        """Return what a trial asks for, in Ray's names; without a number of GPUs, one if it trains on them."""
        gpus = float(trial.training.device == "cuda") if self.gpus is None else self.gpus
        return {"CPU": float(self.cpus), "GPU": gpus}


class Mailbox:
    """Keeps what the workers tell until the driver takes it."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def put(self, event: Event) -> None:
        """Add an event."""
        self._events.append(event)

    def take(self) -> list[Event]:
        """Return the events since the last time, in order."""
        events, self._events = self._events, []
        return events


def fan_out(trials: Sequence[Trial], run: TrialRunner, resources: Resources, tell: Tell) -> None:
    """Run the trials, as many at once as there is room for, and tell what they tell.

    A trial that fails, or whose process dies, is told as such and stops no other. Whatever ends this function early,
    Ctrl-C among it, cancels the trials that run.

    Raises:
        UserError: Ray cannot be reached, or is lost on the way.
        Refusal: no machine has what one trial asks for; Ray would wait for ever.
    """
    with _cluster(resources):
        _check_room([resources.of(trial) for trial in trials])
        try:
            _follow(*_submit(trials, run, resources), tell)
        except RayError as error:
            raise UserError(f"Ray's cluster is lost ({_first_line(error)}); start again to go on from here.") from None


def _submit(trials: Sequence[Trial], run: TrialRunner, resources: Resources) -> tuple[dict[Any, Trial], Any]:
    """Hand all trials to Ray; return them by their references, and the mailbox that they write to."""
    mailbox: Any = ray.remote(num_cpus=0)(Mailbox).remote()
    work: Any = ray.remote(max_retries=0)(_work)
    pending: dict[Any, Trial] = {}
    for trial in trials:
        room = {f"num_{name.lower()}s": amount for name, amount in resources.of(trial).items()}
        pending[work.options(**room).remote(trial, run, mailbox)] = trial
    return pending, mailbox


def _follow(pending: dict[Any, Trial], mailbox: Any, tell: Tell) -> None:
    """Tell what arrives until every trial has ended."""
    try:
        while pending:
            ready, _ = ray.wait(list(pending), timeout=POLL_SECONDS)
            for event in ray.get(mailbox.take.remote()):
                tell(event)
            for reference in ready:
                tell(_outcome(reference, pending.pop(reference)))
    finally:
        for reference in pending:
            ray.cancel(reference, force=True)


def _work(trial: Trial, run: TrialRunner, mailbox: Any) -> Outcome:
    sent = [mailbox.put.remote(Started(trial.digest, time.time()))]

    def emit(epoch: Epoch) -> None:
        sent[:] = [mailbox.put.remote(epoch)]

    outcome = forgiving(trial, run, emit)
    ray.get(sent)  # calls arrive in order, so with the last one all are there before the driver sees the outcome
    return outcome


def _outcome(reference: Any, trial: Trial) -> Outcome:
    try:
        outcome: Outcome = ray.get(reference)
    except TaskCancelledError:
        return Outcome.of(trial, "interrupted", "The trial was cancelled.")
    except OutOfMemoryError:
        return Outcome.of(trial, "failed", "The machine ran out of memory, and Ray ended the trial's process.")
    except WorkerCrashedError:
        return Outcome.of(trial, "failed", "The trial's process died: it was killed, or it crashed.")
    except RayError as error:
        return Outcome.of(trial, "failed", f"Ray lost the trial ({_first_line(error)}).")
    return outcome


@contextmanager
def _cluster(resources: Resources) -> Iterator[None]:
    """Join the cluster at the address, or start one on this machine; at the end leave it, or end it."""
    on_term = signal.getsignal(signal.SIGTERM)
    # What Ray prints about dead workers goes to stdout, where our tables go.
    place = TemporaryDirectory(prefix="gatebench-", dir="/tmp", ignore_cleanup_errors=True)
    with place as folder, redirect_stdout(StringIO()):
        try:
            _start(resources, folder)
            signal.signal(signal.SIGTERM, on_term)  # Ray's own handler would abort without closing the records
            yield
        finally:
            ray.shutdown()


def _start(resources: Resources, folder: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    local: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE, "_temp_dir": folder}
    if resources.workers:
        local["num_cpus"] = resources.workers * resources.cpus
    try:
        if resources.address is None:
            # Without "local", Ray may find the address of a cluster that is dead, and hang.
            ray.init(address="local", **local, **quiet)
        else:
            _knock(resources.address)
            ray.init(address=resources.address, **quiet)
    except (OSError, RuntimeError, ValueError, RayError) as error:
        if resources.address is None:
            raise UserError(f"Ray does not start on this machine ({_first_line(error)}).") from None
        raise UserError(
            f"Ray cannot be reached at {resources.address} ({_first_line(error)}); "
            "a cluster with tokens also needs RAY_AUTH_MODE=token."
        ) from None


def _knock(address: str) -> None:
    """Raise OSError if nobody answers at HOST:PORT; Ray would find out after minutes and pages of warnings."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE_SECONDS).close()


def _check_room(requests: Iterable[Mapping[str, float]]) -> None:
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    for request in requests:
        asked = {name: amount for name, amount in request.items() if amount}
        if not any(all(node.get(name, 0) >= amount for name, amount in asked.items()) for node in nodes):
            wish = " and ".join(f"{amount:g} {name}{'s' * (amount != 1)}" for name, amount in asked.items())
            most = ", ".join(f"{max((n.get(name, 0) for n in nodes), default=0):g} {name}s" for name in asked)
            raise Refusal(f"A trial asks for {wish} on one machine; the most that a machine has is {most}.")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
