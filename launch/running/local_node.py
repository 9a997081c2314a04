"""A local Ray cluster as a sweep needs it: its servers listen on this machine only, and only those that it uses start.

Ray has no public settings for this. On systems without clusters it uses 127.0.0.1 by itself; a private constant tells
that the system is such a one. The autoscaler's monitor, the server of the dashboard and the monitor of log files take
seconds to start and are of no use to a sweep.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from ray._private import ray_constants
from ray._private import worker as ray_worker
from ray._private.node import Node

_UNUSED = ("start_monitor", "start_api_server", "start_log_monitor")


def _start_nothing(node: Node, **options: object) -> None:
    """Stand in for the start of a process that is not used."""
    del node, options


@contextmanager
def no_messages() -> Iterator[None]:
    """Let Ray print nothing in the block. Its messages about dead workers go to stdout, which is for tables."""
    with patch.object(ray_worker, "print_to_stdstream", new=_print_nothing):
        yield


def _print_nothing(data: object, ignore_prefix: bool) -> None:
    del data, ignore_prefix


@contextmanager
def small_local_node() -> Iterator[None]:
    """Let `ray.init(address="local")` in the block start a small cluster that other machines cannot reach."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(ray_constants, "ENABLE_RAY_CLUSTER", new=False))
        for name in _UNUSED:
            stack.enter_context(patch.object(Node, name, new=_start_nothing))
        yield
