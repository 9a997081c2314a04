"""The Ray cluster of a sweep: it is joined at its address, or started on this machine."""

import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

# Ray reads these when it is imported. Without the second one, every worker prints a warning.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray

from gatebench.errors import UserError
from launch.running.local_node import no_messages, small_local_node
from launch.running.ray_folder import ray_folder
from launch.running.ray_processes import guarded
from launch.running.resources import Resources
from launch.running.signal_actions import kept_action

CONNECT_SECONDS = 10
"""The time limit for a connection to the address of a cluster."""

START_TRIES = 4
"""The largest number of tries to start a cluster. Ray gives up after 30 seconds, which a busy machine may need."""

_TIMED_OUT = "timed out"  # in Ray's error if a process of a new cluster has not started in time
_OBJECT_STORE = 80 * 2**20  # bytes, the least that Ray allows: only small events are sent


class _SlowStart(Exception):  # noqa: N818  (the next try may be faster)
    """Ray has not started a cluster in time."""


@contextmanager
def open_cluster(resources: Resources) -> Iterator[None]:
    """Join the cluster at the address, or start one on this machine. At the end of the block leave it, or end it.

    Call this in a thread: the main thread may receive a signal while the cluster ends, and leave processes behind.
    A cluster on this machine cannot be reached from other machines. At its end no process and no folder is left.

    Raises:
        UserError: Ray cannot be started, or there is no cluster at the address.
    """
    with ExitStack() as stack, no_messages():
        for left in reversed(range(START_TRIES)):
            with ExitStack() as one_try:
                folder = one_try.enter_context(_folder(resources))
                one_try.callback(ray.shutdown)
                try:
                    with kept_action(signal.SIGTERM):  # Ray's own would abort without closing the records
                        _connect(resources, folder)
                except _SlowStart as slow:
                    if not left:
                        raise UserError(str(slow)) from None
                else:
                    stack.push(one_try.pop_all())
                    break
        yield


@contextmanager
def _folder(resources: Resources) -> Iterator[str]:
    """Yield the folder of a cluster on this machine; an empty text for one that runs already."""
    if resources.address is not None:
        yield ""
        return
    with ray_folder() as folder, guarded(folder.parent):
        yield str(folder)


def machines() -> dict[str, dict[str, float]]:
    """Return {Ray's name of the node: its resources} of the machines of the cluster that are alive."""
    return {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}


def node_name() -> str:
    """Return Ray's name of the node that runs this process."""
    name: str = ray.get_runtime_context().get_node_id()
    return name


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its class if it has no message."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _connect(resources: Resources, folder: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    local: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE, "_temp_dir": folder}
    if resources.workers:
        local["num_cpus"] = resources.workers * resources.cpus * resources.devices
    try:
        if resources.address is None:
            # Without "local", Ray may find the address of a dead cluster, and hang.
            with small_local_node():
                ray.init(address="local", **local, **quiet)
        else:
            _check_connection(resources.address)
            ray.init(address=resources.address, **quiet)
    except Exception as error:  # Ray raises Exception itself if a process of it does not start in time
        if resources.address is None:
            kind = _SlowStart if _TIMED_OUT in str(error) else UserError
            raise kind(f"Ray cannot be started on this machine ({first_line(error)}).") from None
        raise UserError(
            f"Ray cannot be reached at {resources.address} ({first_line(error)}). "
            "A cluster with tokens also needs RAY_AUTH_MODE=token."
        ) from None


def _check_connection(address: str) -> None:
    """Raise OSError if HOST:PORT does not accept a connection. Ray itself takes minutes and prints many warnings."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
