"""This process's side of a candidate that runs in a separate process; `worker_process.py` is the other side."""

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


class WorkerEnded(Exception):  # noqa: N818  (it need not be an error of the worker)
    """The worker process failed or ended; the message is a sentence."""


class WorkerClient:
    """A fresh process that runs the training steps of a candidate on request; a context manager.

    It is idle between two requests. It is started, not forked, so it inherits neither the allocator nor the threads of
    this process. It has its own process group, so Ctrl-C reaches only this process, which then ends it.

    Args:
        candidate: the candidate that it runs.
        shape: the sizes.
        threads: torch's number of threads in the worker.
        keep_memory: whether the worker keeps freed memory, see `gatebench.machine.allocator`; if not, its allocator has
            the default settings.

    Raises:
        WorkerEnded: the worker cannot run this. All methods but `end` raise it too.
    """

    def __init__(self, candidate: Candidate, shape: Shape, threads: int, *, keep_memory: bool) -> None:
        self._name = candidate.name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gatebench.speed.worker_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
        )
        order = {
            "name": candidate.name,
            "cell": candidate.cell,
            "runner": candidate.runner,
            "precision": candidate.precision,
            "trace": candidate.trace,
            "shape": [shape.T, shape.B, shape.I, shape.H],
            "threads": threads,
            "keep_memory": keep_memory,
        }
        try:
            self._request(json.dumps(order))
        except BaseException:
            self.end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def step_seconds(self, clock: str = "wall") -> float:
        """Run one repetition in the worker, and return the seconds of a training step by a clock of `timing.CLOCKS`."""
        return float(self._request(f"{clock} time")["seconds"])

    def disagreement(self) -> str | None:
        """Return a message about where the worker's results differ from the reference, or None if they agree."""
        message: str | None = self._request("agreement")["message"]
        return message

    def compile_seconds(self) -> float | None:
        """Return the seconds that the worker took to compile the step, or None if it is not compiled for each shape."""
        seconds: float | None = self._request("compiled")["seconds"]
        return seconds

    def kept_bytes(self) -> int | None:
        """Return the number of bytes that torch's autograd keeps between forward and backward; None without it."""
        kept: int | None = self._request("kept")["bytes"]
        return kept

    def peak_bytes(self) -> int:
        """Return the number of bytes by which a training step raises the peak of the worker's resident set."""
        return int(self._request("peak")["bytes"])

    def end(self) -> None:
        """Kill the worker. It has no data that could be lost."""
        self._process.kill()
        self._process.communicate()

    def _request(self, line: str) -> Mapping[str, Any]:
        """Send a line to the worker, and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            text = ""
        else:
            text = self._process.stdout.readline()
        if not text:
            raise WorkerEnded(f"The process of {self._name} ended with code {self._process.wait()}.")
        answer: Mapping[str, Any] = json.loads(text)
        if "error" in answer:
            raise WorkerEnded(f"The process of {self._name} failed: {answer['error']}.")
        return answer
