"""The processes that a local Ray cluster starts. None of them may outlive the sweep, even if its driver is killed.

Ray's agents live for a minute after their cluster is killed. So this file is also run as a small process that waits for
the end of the driver, kills what is left, and removes the cluster's temporary folder. It imports only the standard
library, so it starts at once. The processes of a cluster are known by their command lines and log files: both name the
folder. Their environment does not tell, because Ray writes titles over it.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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
    command = [sys.executable, "-I", "-S", __file__, str(folder), str(os.getpid())]
    # A session of its own: a signal to the driver's process group does not end it.
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, close_fds=True)
    try:
        yield
    finally:
        end_processes(folder, but={os.getpid(), guard.pid})
        guard.communicate()


def end_processes(folder: Path, but: Collection[int]) -> None:
    """Wait until the processes of a cluster have ended. Kill those that are alive after `END_SECONDS`.

    Args:
        folder: the temporary folder of the cluster.
        but: the numbers of processes that use the folder and are no part of the cluster.
    """
    deadline = time.monotonic() + END_SECONDS
    while (alive := processes_of(folder, but)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in alive:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


def processes_of(folder: Path, but: Collection[int] = ()) -> list[int]:
    """Return the numbers of the processes that name a folder in their command line, or have a file in it open.

    Args:
        folder: the folder.
        but: the numbers of processes that are left out.
    """
    numbers = (int(process.name) for process in _PROC.glob("[0-9]*"))
    return [number for number in numbers if number not in but and _uses(_PROC / str(number), f"{folder}/")]


def _uses(process: Path, prefix: str) -> bool:
    """Return whether a process uses a folder; False if it has ended, or belongs to another user."""
    try:
        if prefix.encode() in (process / "cmdline").read_bytes().replace(b"\0", b"/"):
            return True
        return any(str(file.readlink()).startswith(prefix) for file in (process / "fd").iterdir())
    except OSError:
        return False


if __name__ == "__main__":
    sys.stdin.read()  # ends when the driver closes the pipe, or dies
    end_processes(Path(sys.argv[1]), but={os.getpid(), int(sys.argv[2])})
    shutil.rmtree(sys.argv[1], ignore_errors=True)
