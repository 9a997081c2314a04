import sys
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread

import pytest

from gatebench.outcome import Epoch
from launch.events import Checkpoint, Event
from launch.running import event_sender
from launch.running.event_sender import EventSender
from launch.running.mailbox import EventBatch, Order

FIRST = EventBatch("attempt", 0, (), "node")


def epoch(number: int) -> Epoch:
    return Epoch("digest", number, 100, {"val/accuracy": 0.5}, when=1.0 + number)


class Driver:
    """A driver that handles a batch when it is told to."""

    def __init__(self) -> None:
        self.sent: Queue[EventBatch] = Queue()
        self.orders: Queue[Order] = Queue()

    def send(self, batch: EventBatch) -> Order:
        self.sent.put(batch)
        return self.orders.get()


@contextmanager
def sender_to(driver: Driver) -> Iterator[EventSender]:
    sender = EventSender(FIRST, "digest", driver.send)
    yield sender
    sender.end()
    driver.orders.put("run")
    assert sender._over.wait(60)


def test_one_batch_is_on_its_way_and_the_rest_comes_with_the_end() -> None:
    driver = Driver()
    with sender_to(driver) as sender:
        sender.emit(epoch(0))
        first = driver.sent.get(timeout=60)
        assert (first.number, list(first.events)) == (1, [epoch(0)])
        sender.emit(epoch(1))
        sender.save(b"old")
        sender.save(b"new")
        sender.emit(epoch(2))
        assert driver.sent.empty()
        rest: list[Event] = [epoch(1), epoch(2), Checkpoint("digest", b"new")]
        assert [(batch.number, list(batch.events)) for batch in sender.end()] == [(1, [epoch(0)]), (2, rest)]


def test_the_driver_can_order_to_stop_even_if_there_is_nothing_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_sender, "QUIET_SECONDS", 0.01)
    driver = Driver()
    with sender_to(driver) as sender:
        empty = driver.sent.get(timeout=60)
        assert (empty.number, list(empty.events)) == (0, [])
        assert not sender.should_stop()
        driver.orders.put("stop")
        driver.sent.get(timeout=60)
        assert sender.should_stop()


def test_the_training_waits_if_too_many_epochs_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_sender, "MOST_EPOCHS", 2)
    monkeypatch.setattr(event_sender, "BATCH_SECONDS", 0.0)
    driver = Driver()
    with sender_to(driver) as sender:
        sender.emit(epoch(0))
        driver.sent.get(timeout=60)
        sender.emit(epoch(1))
        sender.emit(epoch(2))
        training = Thread(target=sender.emit, args=[epoch(3)], daemon=True)
        training.start()
        training.join(0.1)
        assert training.is_alive()
        driver.orders.put("run")
        assert list(driver.sent.get(timeout=60).events) == [epoch(1), epoch(2)]
        training.join(60)
        assert not training.is_alive()


def test_a_batch_is_sent_again_if_there_was_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_sender, "RESEND_SECONDS", 0.01)
    tries: list[EventBatch] = []

    def send(batch: EventBatch) -> Order:
        tries.append(batch)
        if len(tries) < 3:
            raise MemoryError
        return driver.send(batch)

    driver = Driver()
    sender = EventSender(FIRST, "digest", send)
    sender.emit(epoch(0))
    assert list(driver.sent.get(timeout=60).events) == [epoch(0)]
    assert [batch.number for batch in tries] == [1, 1, 1]
    sender.end()
    driver.orders.put("run")
    assert sender._over.wait(60)


def test_a_thread_that_gets_no_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_sender, "start_new_thread", lambda function, arguments: 0)
    monkeypatch.setattr(event_sender, "START_SECONDS", 0.01)
    with pytest.raises(MemoryError, match="no memory for the thread that sends the events"):
        EventSender(FIRST, "digest", Driver().send)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_training_goes_on_without_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_sender, "MOST_EPOCHS", 2)
    monkeypatch.setattr(sys, "unraisablehook", lambda problem: None)

    def send(batch: EventBatch) -> Order:
        raise ValueError(batch)

    sender = EventSender(FIRST, "digest", send)
    sender.emit(epoch(0))
    assert sender._over.wait(60)
    for number in range(1, 4):
        sender.emit(epoch(number))
    first, rest = sender.end()
    assert [*first.events, *rest.events] == [epoch(number) for number in range(4)]


def test_an_epoch_gets_the_time_at_which_it_is_sent() -> None:
    driver = Driver()
    with sender_to(driver) as sender:
        sender.emit(Epoch("digest", 0, 1, {}))
        (event,) = driver.sent.get(timeout=60).events
        assert isinstance(event, Epoch)
        assert event.when > 0
