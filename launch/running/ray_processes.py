"""The processes that a local Ray cluster starts. None of them may outlive the sweep, even if its driver is killed.

Ray's agents live for a minute after their cluster is killed. So each process of the cluster inherits an environment
variable with the cluster's temporary folder, and this file is also run as a small process that waits for the end of the
driver, kills what is left, and removes the folder. It imports only the standard library, so it starts at once.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "GATEBENCH_RAY_FOLDER"
"""The environment variable of the processes of a cluster: its temporary folder."""

END_SECONDS = 3.0
"""The time in which the processes of a cluster must end by themselves. Then they are killed."""

_PROC = Path("/proc")


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Guard the processes that the block starts: at its end, or if this process is killed, they are ended.

    Only Linux shows the processes; elsewhere only the folder is removed.

    Args:
        folder: the temporary folder of the cluster, which is removed too.
    """
    command = [sys.executable, "-I", "-S", __file__, str(folder)]
    # A session of its own: a signal to the driver's process group does not end it.
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, close_fds=True)
    os.environ[MARK] = str(folder)
    try:
        yield
    finally:
        del os.environ[MARK]
        end_processes(folder)
        guard.communicate()


def end_processes(folder: Path) -> None:
    """Wait until the processes of a cluster have ended. Kill those that are alive after `END_SECONDS`."""
    deadline = time.monotonic() + END_SECONDS
    while (alive := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in alive:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


def processes_of(folder: Path) -> list[int]:
    """Return the numbers of the processes of the cluster with this temporary folder."""
    mark = f"{MARK}={folder}\0".encode()
    return [int(process.name) for process in _PROC.glob("[0-9]*") if mark in _environment(process)]


def _environment(process: Path) -> bytes:
    """Return the environment of a process; nothing if it has ended, or belongs to another user."""
    try:
        return (process / "environ").read_bytes() + b"\0"
    except OSError:
        return b""


if __name__ == "__main__":
    sys.stdin.read()  # ends when the driver closes the pipe, or dies
    end_processes(Path(sys.argv[1]))
    shutil.rmtree(sys.argv[1], ignore_errors=True)
