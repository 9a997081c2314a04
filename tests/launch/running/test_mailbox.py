import asyncio

import pytest

from launch.events import Started
from launch.running import mailbox
from launch.running.mailbox import EventBatch, Mailbox


def batch(attempt: str, number: int, events: int = 1) -> EventBatch:
    return EventBatch(attempt, number, [Started(attempt, float(i)) for i in range(events)], "node")


def test_a_worker_waits_until_the_driver_has_handled_its_batch() -> None:
    async def scene() -> None:
        box, first, then = Mailbox(), batch("a", 0), batch("a", 1)
        assert await box.begin(first) == "run"
        putting = asyncio.create_task(box.put(then))
        await asyncio.sleep(0)
        assert await box.take([], "run") == [first, then]
        assert await box.take([first.key], "run") == [then]
        await asyncio.sleep(0.01)
        assert not putting.done()
        taking = asyncio.create_task(box.take([then.key], "stop"))
        assert await putting == "stop"
        await box.begin(batch("b", 0))
        taking.cancel()

    asyncio.run(scene())


def test_a_batch_that_comes_again_is_held_once_and_one_that_was_handled_is_forgotten() -> None:
    async def scene() -> None:
        box, again = Mailbox(), batch("a", 1)
        putting = [asyncio.create_task(box.put(again)) for _ in range(2)]
        await asyncio.sleep(0)
        assert await box.take([], "run") == [again]
        taking = asyncio.create_task(box.take([again.key], "run"))
        assert await asyncio.gather(*putting) == ["run", "run"]
        taking.cancel()
        assert not box._batches
        assert not box._handled

    asyncio.run(scene())


def test_nothing_begins_after_the_order_to_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "TAKE_SECONDS", 0.01)

    async def scene() -> None:
        box = Mailbox()
        await box.obey("drain")
        assert await box.begin(batch("a", 0)) == "drain"
        assert await box.put(batch("a", 1, events=0)) == "drain"
        assert await box.take([], "stop") == []
        assert await box.put(batch("a", 1, events=0)) == "stop"

    asyncio.run(scene())
