"""The events of one attempt on the worker: they are collected, and a thread sends them in batches."""

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Condition, Thread

from gatebench.outcome import Epoch
from launch.events import Checkpoint, Event
from launch.running.mailbox import EventBatch, Order

BATCH_SECONDS = 0.25
"""The least time between two batches of an attempt."""

QUIET_SECONDS = 1.0
"""The time after which an attempt without events asks for the driver's order."""

MOST_EPOCHS = 512
"""The largest number of epochs that wait on a worker. If it is reached, the training waits."""


class EventSender:
    """Collects the events of one attempt, and sends them from a thread.

    At most `MOST_EPOCHS` epochs and the newest checkpoint wait. One batch at a time is on its way.

    Args:
        first: the first batch, which has been sent already.
        digest: the digest of the trial.
        send: the function that sends a batch, waits until the driver has handled it, and returns the driver's order.
    """

    def __init__(self, first: EventBatch, digest: str, send: Callable[[EventBatch], Order]) -> None:
        self._last, self._digest, self._send = first, digest, send
        self._sending: EventBatch | None = None
        self._epochs: list[Epoch] = []
        self._checkpoint: bytes | None = None
        self._changed = Condition()
        self._stop = self._ended = False
        self._thread = Thread(target=self._send_all, name="event sender", daemon=True)
        self._thread.start()

    def emit(self, epoch: Epoch) -> None:
        """Add an epoch. Wait if too many epochs are waiting already."""
        stamped = epoch if epoch.when else replace(epoch, when=time.time())
        with self._changed:
            while len(self._epochs) >= MOST_EPOCHS:
                self._changed.wait()
            self._epochs.append(stamped)
            self._changed.notify_all()

    def save(self, content: bytes) -> None:
        """Add a checkpoint. It replaces one that is waiting."""
        with self._changed:
            self._checkpoint = content
            self._changed.notify_all()

    def should_stop(self) -> bool:
        """Return whether the driver has ordered running trials to stop."""
        return self._stop

    def end(self) -> list[EventBatch]:
        """Stop sending, and return the batches that the driver may not have handled. They are not waited for."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            unknown = [self._sending] if self._sending is not None else []
            return [*unknown, *([self._next()] if self._has_events() else [])]

    def _has_events(self) -> bool:
        return bool(self._epochs) or self._checkpoint is not None

    def _next(self) -> EventBatch:
        """Return the next batch: all that wait, the checkpoint last. An empty batch keeps its number for the next."""
        events: list[Event] = list(self._epochs)
        if self._checkpoint is not None:
            events.append(Checkpoint(self._digest, self._checkpoint))
        self._epochs, self._checkpoint = [], None
        self._last = replace(self._last, number=self._last.number + bool(events), events=events)
        return self._last

    def _send_all(self) -> None:
        """Send batches until the end of the attempt."""
        while True:
            sent = time.monotonic()
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._has_events(), QUIET_SECONDS)
                if self._ended:
                    return
                self._sending = batch = self._next()
                self._changed.notify_all()
            order = self._send(batch)
            with self._changed:
                self._sending = None
                self._stop = self._stop or order == "stop"
                pause = BATCH_SECONDS - (time.monotonic() - sent)
                self._changed.wait_for(lambda: self._ended, max(0.0, pause))
