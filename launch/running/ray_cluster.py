"""The Ray cluster of a sweep: it is joined at its address, or started on this machine. Its resources are checked."""

import logging
import os
import signal
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any

# Ray reads these when it is imported. Without the second one, every worker prints a warning.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray.exceptions import RayError

from gatebench.errors import Refusal, UserError
from gatebench.trial import Trial

CONNECT_SECONDS = 10
"""The time limit for a connection to the address of a cluster."""

_OBJECT_STORE = 80 * 2**20  # bytes, the least that Ray allows: only small events are sent


@dataclass(frozen=True)
class Resources:
    """The resources of the trials of a sweep.

    Attributes:
        workers: the number of trials at a time on this machine; None: as many as the cores allow.
        cpus: the number of cores of a trial.
        gpus: the number of GPUs of a trial, also a fraction; None: one for a trial that trains on cuda, else none.
        address: the address of a running cluster; None: a new cluster on this machine.
    """

    workers: int | None = None
    cpus: int = 1
    gpus: float | None = None
    address: str | None = None

    def of(self, trial: Trial) -> dict[str, float]:
        """Return the resources of one trial, {"CPU": …, "GPU": …}."""
        gpus = float(trial.training.device == "cuda") if self.gpus is None else self.gpus
        return {"CPU": float(self.cpus), "GPU": gpus}


@contextmanager
def open_cluster(resources: Resources) -> Iterator[None]:
    """Join the cluster at the address, or start one on this machine. At the end of the block leave it, or end it.

    Raises:
        UserError: Ray cannot be started, or there is no cluster at the address.
    """
    sigterm_handler = signal.getsignal(signal.SIGTERM)
    temporary = TemporaryDirectory(prefix="gatebench-", dir="/tmp", ignore_cleanup_errors=True)
    # Ray prints its messages about dead workers to stdout, which is for tables.
    with temporary as folder, redirect_stdout(StringIO()):
        try:
            _connect(resources, folder)
            signal.signal(signal.SIGTERM, sigterm_handler)  # Ray's own handler would abort without closing the records
            yield
        finally:
            ray.shutdown()


def check_resources(requests: Iterable[Mapping[str, float]]) -> None:
    """Check that at least one machine of the cluster has the resources of each request.

    Raises:
        Refusal: no machine has them. Ray would wait for ever.
    """
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    for request in requests:
        needed = {name: amount for name, amount in request.items() if amount}
        if not any(all(machine.get(name, 0) >= amount for name, amount in needed.items()) for machine in machines):
            text = " and ".join(f"{amount:g} {name}{'s' * (amount != 1)}" for name, amount in needed.items())
            most = ", ".join(f"{max((m.get(name, 0) for m in machines), default=0):g} {name}s" for name in needed)
            raise Refusal(f"A trial needs {text} on one machine; the most that a machine has is {most}.")


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its class if it has no message."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _connect(resources: Resources, folder: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    local: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE, "_temp_dir": folder}
    if resources.workers:
        local["num_cpus"] = resources.workers * resources.cpus
    try:
        if resources.address is None:
            # Without "local", Ray may find the address of a dead cluster, and hang.
            ray.init(address="local", **local, **quiet)
        else:
            _check_connection(resources.address)
            ray.init(address=resources.address, **quiet)
    except (OSError, RuntimeError, ValueError, RayError) as error:
        if resources.address is None:
            raise UserError(f"Ray cannot be started on this machine ({first_line(error)}).") from None
        raise UserError(
            f"Ray cannot be reached at {resources.address} ({first_line(error)}). "
            "A cluster with tokens also needs RAY_AUTH_MODE=token."
        ) from None


def _check_connection(address: str) -> None:
    """Raise OSError if HOST:PORT does not accept a connection. Ray itself takes minutes and prints many warnings."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
