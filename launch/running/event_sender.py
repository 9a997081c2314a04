"""The events of one attempt on the worker: they are collected, and a thread sends them in batches."""

import time
from _thread import start_new_thread
from collections.abc import Callable
from dataclasses import replace
from threading import Condition
from threading import Event as Signal

from gatebench.outcome import Epoch
from launch.events import Checkpoint, Event
from launch.running.mailbox import EventBatch, Order

BATCH_SECONDS = 0.25
"""The least time between two batches of an attempt."""

QUIET_SECONDS = 1.0
"""The time after which an attempt without events asks for the driver's order."""

START_SECONDS = 30.0
"""The time after which a new thread that has not begun is given up: it got no memory."""

RESEND_SECONDS = 1.0
"""The time before a batch is sent again, if there was no memory to send it."""

MOST_EPOCHS = 512
"""The largest number of epochs that wait on a worker. If it is reached, the training waits."""


class EventSender:
    """Collects the events of one attempt, and sends them from a thread.

    At most `MOST_EPOCHS` epochs and the newest checkpoint wait. One batch at a time is on its way.

    Args:
        first: the first batch, which has been sent already.
        digest: the digest of the trial.
        send: the function that sends a batch, waits until the driver has handled it, and returns the driver's order.

    Raises:
        MemoryError: there is no memory for the thread.
    """

    def __init__(self, first: EventBatch, digest: str, send: Callable[[EventBatch], Order]) -> None:
        self._last, self._digest, self._send = first, digest, send
        self._sending: EventBatch | None = None
        self._epochs: list[Epoch] = []
        self._checkpoint: bytes | None = None
        self._changed = Condition()
        self._stop = self._ended = False
        self._begun, self._over = Signal(), Signal()
        # `Thread.start` waits without limit for a thread that got no memory to begin.
        start_new_thread(self._run, ())
        if not self._begun.wait(START_SECONDS):
            raise MemoryError("There is no memory for the thread that sends the events.")

    def emit(self, epoch: Epoch) -> None:
        """Add an epoch. Wait if too many epochs are waiting already."""
        stamped = epoch if epoch.when else replace(epoch, when=time.time())
        with self._changed:
            while len(self._epochs) >= MOST_EPOCHS and not self._over.is_set():
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

    def _run(self) -> None:
        """Send batches. If the thread ends by an error, what waits comes with the end of the attempt."""
        self._begun.set()
        try:
            self._send_all()
        finally:
            self._over.set()
            with self._changed:
                self._changed.notify_all()

    def _sent(self, batch: EventBatch) -> Order:
        """Send a batch, again if there was no memory, and return the driver's order. The driver handles it once."""
        while True:
            try:
                return self._send(batch)
            except MemoryError:
                time.sleep(RESEND_SECONDS)

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
            order = self._sent(batch)
            with self._changed:
                self._sending = None
                self._stop = self._stop or order == "stop"
                pause = BATCH_SECONDS - (time.monotonic() - sent)
                self._changed.wait_for(lambda: self._ended, max(0.0, pause))
