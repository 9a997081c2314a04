"""This process's end of a contestant in a process of its own; `apart.py` is the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gatebench.speed.benchmark import Candidate
from gatebench.speed.shape import Shape


class WorkerEnded(Exception):  # noqa: N818  (that it ended is all there is to say)
    """The other process failed or ended; the message is a sentence."""


class WorkerClient:
    """A fresh process that runs a contestant's steps when asked, and is idle otherwise; a context manager.

    It is started, never forked, so it has nothing of this process's allocator or threads; in a process group of its
    own, so that Ctrl-C reaches this process alone, which ends it.

    Args:
        contestant: what it runs.
        shape: at which sizes.
        threads: torch's number of threads there.
        keep: whether it keeps freed memory, see `gatebench.machine.allocator`; else its allocator is left as it is.

    Raises:
        Ended: it cannot run this. So do all methods.
    """

    def __init__(self, contestant: Candidate, shape: Shape, threads: int, *, keep: bool) -> None:
        self._name = contestant.name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gatebench.speed.worker_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
        )
        sizes = [shape.T, shape.B, shape.I, shape.H]
        order = {"cell": contestant.cell, "runner": contestant.runner, "trace": contestant.trace, "shape": sizes}
        try:
            self._ask(json.dumps(order | {"threads": threads, "keep": keep}))
        except BaseException:
            self.end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def turn(self) -> float:
        """Return the seconds of a step in one turn there."""
        return float(self._ask("turn")["seconds"])

    def kept(self) -> int:
        """Return the bytes that the forward pass keeps there."""
        return int(self._ask("kept")["kept"])

    def peak(self) -> int:
        """Return the bytes by which a step raises the peak of the resident set there."""
        return int(self._ask("peak")["bytes"])

    def end(self) -> None:
        """End the process; it holds nothing that could be lost."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, line: str) -> Mapping[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            answer = ""
        else:
            answer = self._process.stdout.readline()
        if not answer:
            raise WorkerEnded(f"The process of {self._name} ended with code {self._process.wait()}.")
        found: Mapping[str, Any] = json.loads(answer)
        if "error" in found:
            raise WorkerEnded(f"The process of {self._name} failed: {found['error']}.")
        return found
