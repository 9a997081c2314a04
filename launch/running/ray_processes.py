"""The processes that a local Ray cluster starts. None of them may outlive the cluster."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

END_SECONDS = 3.0
"""The time in which the processes of a cluster must end by themselves. Then they are killed."""

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process of this machine.

    Attributes:
        number: the process number.
        parent: the number of its parent.
        started: its start time in clock ticks since boot: a number that was used again has another one.
        zombie: whether it has ended, and its parent has not noticed yet.
    """

    number: int
    parent: int
    started: int
    zombie: bool


def processes_of(folder: str) -> list[Process]:
    """Return the processes of the cluster whose temporary folder this is, if this process has started it.

    Only Linux shows them; elsewhere the list is empty.

    Args:
        folder: the temporary folder. Ray's servers have it in their command lines.
    """
    everyone = _processes()
    servers = [process for process in everyone if process.parent == os.getpid() and _mentions(process, folder)]
    found = servers
    while servers:
        numbers = {process.number for process in servers}
        servers = [process for process in everyone if process.parent in numbers]
        found = found + servers
    return found


def end_processes(processes: list[Process]) -> None:
    """Wait until the processes have ended. Kill those that are alive after `END_SECONDS`."""
    deadline = time.monotonic() + END_SECONDS
    while (alive := _alive(processes)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in alive:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.number, signal.SIGKILL)


def _alive(processes: list[Process]) -> list[Process]:
    started = {process.number: process.started for process in _processes() if not process.zombie}
    return [process for process in processes if started.get(process.number) == process.started]


def _processes() -> list[Process]:
    found = (_read(folder) for folder in _PROC.glob("[0-9]*"))
    return [process for process in found if process is not None]


def _read(folder: Path) -> Process | None:
    """Return the process of a folder in /proc; None if it has ended."""
    try:
        # The name in parentheses may contain spaces and parentheses.
        fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return Process(int(folder.name), int(fields[1]), int(fields[19]), fields[0] in "ZX")


def _mentions(process: Process, text: str) -> bool:
    """Return whether the command line of a process contains a text."""
    try:
        return text.encode() in (_PROC / str(process.number) / "cmdline").read_bytes()
    except OSError:
        return False
