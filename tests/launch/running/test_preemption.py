import os
import signal
from collections.abc import Iterator
from threading import Thread

import pytest

from launch.running import preemption


class Leave:
    """A timer that notes its arguments."""

    started: list[tuple[object, ...]]
    daemon = False

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments

    def start(self) -> None:
        Leave.started.append(self.arguments)


@pytest.fixture(autouse=True)
def no_timer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    Leave.started = []
    monkeypatch.setattr(preemption, "Timer", Leave)
    yield
    preemption._received.clear()


def test_a_process_that_received_sigterm_in_the_block_ends_after_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with preemption.preemption():
        assert not preemption.is_preempted()
        os.kill(os.getpid(), signal.SIGTERM)
        assert preemption.is_preempted()
        assert Leave.started == []
    assert Leave.started == [(preemption.LEAVE_SECONDS, os.kill, (os.getpid(), signal.SIGTERM))]
    assert signal.getsignal(signal.SIGTERM) is before


def test_without_a_signal_nothing_happens() -> None:
    with preemption.preemption():
        pass
    assert not preemption.is_preempted()
    assert Leave.started == []


def test_another_thread_sets_no_handler() -> None:
    handlers = []

    def note() -> None:
        with preemption.preemption():
            handlers.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = Thread(target=note)
    thread.start()
    thread.join()
    assert handlers == [before]
