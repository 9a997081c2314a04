"""The mailbox of a sweep: a Ray actor beside the driver that holds the events which workers have sent.

A worker has one batch in the mailbox at most: `put` returns after the driver has handled the batch. So the memory of
the mailbox is bounded, and an event is lost only with the worker. The replies carry the driver's orders to the workers.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from launch.events import Event

Order = Literal["run", "drain", "stop"]
"""The driver's order to the workers: run trials; begin no new ones; stop the running ones after a checkpoint."""

TAKE_SECONDS = 1.0
"""The time after which `Mailbox.take` returns without a batch."""

MOST_BATCHES = 64
"""The largest number of batches that `Mailbox.take` returns at a time."""


@dataclass(frozen=True)
class EventBatch:
    """Some events of one attempt, in their order.

    Attributes:
        attempt: the name of the attempt.
        number: the number of the batch, from 0. The first batch contains only `Started`.
        events: the events.
        node: Ray's name of the node on which the attempt runs.
    """

    attempt: str
    number: int
    events: Sequence[Event]
    node: str

    @property
    def key(self) -> tuple[str, int]:
        """The attempt and the number."""
        return self.attempt, self.number


class Mailbox:
    """The batches that workers have sent and the driver has not handled yet, and the driver's order."""

    def __init__(self) -> None:
        self._batches: dict[tuple[str, int], EventBatch] = {}
        self._handled: dict[tuple[str, int], asyncio.Event] = {}
        self._news = asyncio.Event()
        self._order: Order = "run"

    async def begin(self, batch: EventBatch) -> Order:
        """Add the first batch of an attempt if the order is "run". Return the order at once."""
        if self._order == "run":
            self._add(batch)
        return self._order

    async def put(self, batch: EventBatch) -> Order:
        """Add a batch, wait until the driver has handled it, and return the order. An empty batch only asks for it."""
        if batch.events:
            await self._add(batch).wait()
        return self._order

    async def take(self, handled: Sequence[tuple[str, int]], order: Order) -> list[EventBatch]:
        """Return the batches that are not handled yet. Wait for one if there is none.

        Args:
            handled: the keys of the batches that the driver has handled since the last call.
            order: the driver's order from now on.
        """
        self._order = order
        for key in handled:
            self._batches.pop(key, None)
            if (event := self._handled.pop(key, None)) is not None:
                event.set()
        if not self._batches:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), TAKE_SECONDS)
            except TimeoutError:
                return []
        return list(self._batches.values())[:MOST_BATCHES]

    async def obey(self, order: Order) -> None:
        """Set the driver's order. A call of `take` that waits returns."""
        self._order = order
        self._news.set()

    def _add(self, batch: EventBatch) -> asyncio.Event:
        """Add a batch, and return the event that is set when the driver has handled it."""
        self._batches[batch.key] = batch
        self._news.set()
        return self._handled.setdefault(batch.key, asyncio.Event())
