import os
import signal

import pytest

from launch.running import interrupts
from launch.running.interrupts import Interrupts, StopRequest


def press(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


def test_ctrl_c_drains_then_stops_then_kills() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as noted:
        assert noted.order == "run"
        press()
        assert (noted.order, noted.overdue) == ("drain", False)
        assert noted.sentence(2) == "No new trial begins. 2 trials are running; press Ctrl-C again to stop them."
        press()
        assert (noted.order, noted.overdue) == ("stop", False)
        assert noted.sentence(1) == (
            "1 trial is stopping after a checkpoint; at most 20 seconds, or press Ctrl-C again."
        )
        press()
        assert noted.overdue
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_single_trial_stops_after_the_first_signal_and_ends_with_the_second(number: int) -> None:
    before = signal.getsignal(number)
    with StopRequest() as stop:
        requested = [stop.requested]
        press(number)
        assert [*requested, stop.requested] == [False, True]
        with pytest.raises(KeyboardInterrupt):
            press(number)
    assert signal.getsignal(number) is before


def test_sigterm_stops_within_a_time_limit() -> None:
    with Interrupts() as noted:
        press(signal.SIGTERM)
        assert noted.order == "stop"
        deadline = noted.deadline
        press(signal.SIGTERM)
        assert noted.deadline == deadline < float("inf")
        assert not noted.overdue
    assert interrupts.STOP_SECONDS == 20
