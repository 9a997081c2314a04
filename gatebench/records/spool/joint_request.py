"""One request to a server for the epochs of several attempts.

A server needs a few milliseconds for a request of any size, so a few large requests are faster than many small ones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gatebench.records.epoch_batch import Point

Send = Callable[[Mapping[str, Sequence[Point]]], Mapping[str, str]]
"""Sends {run: epochs} and returns {run: the reason for which its epochs were refused}."""


@dataclass
class _Batch:
    """The content of a request.

    Attributes:
        runs: {run: its epochs}.
        size: the number of metrics.
        refused: {run: the reason}, when the request was answered.
        error: the error of the request.
        is_over: whether the request was answered or has failed.
    """

    runs: dict[str, Sequence[Point]] = field(default_factory=dict)
    size: int = 0
    refused: Mapping[str, str] = field(default_factory=dict)
    error: Exception | None = None
    is_over: bool = False


class JointRequests:
    """Joins the epochs of several threads into one request, while earlier requests run.

    Args:
        send: sends a request.
        most: the number of metrics of a request. One attempt may have more.
        at_once: the number of requests that run at the same time.
    """

    def __init__(self, send: Send, most: int, at_once: int) -> None:
        self._send, self._most, self._free = send, most, at_once
        self._changed = threading.Condition()
        self._next = _Batch()

    def write(self, run: str, points: Sequence[Point]) -> str | None:
        """Send the epochs of a run, and return the reason for which they were refused; None if they were written.

        It returns when the request is answered. Its error is raised in each thread whose epochs it had.
        """
        size = sum(len(values) for _, _, values in points)
        with self._changed:
            while self._next.runs and (run in self._next.runs or self._next.size + size > self._most):
                self._changed.wait()
            batch = self._next
            batch.runs[run] = points
            batch.size += size
            while not (batch.is_over or (batch is self._next and self._free)):
                self._changed.wait()
            is_sender = not batch.is_over
            if is_sender:
                self._free -= 1
                self._next = _Batch()
                self._changed.notify_all()
        if is_sender:
            self._finish(batch)
        if batch.error is not None:
            raise batch.error
        return batch.refused.get(run)

    def _finish(self, batch: _Batch) -> None:
        try:
            batch.refused = self._send(batch.runs)
        except Exception as error:
            batch.error = error
        finally:
            with self._changed:
                batch.is_over = True
                self._free += 1
                self._changed.notify_all()
