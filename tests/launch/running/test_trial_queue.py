from collections.abc import Sequence

import pytest

from gatebench.trial import Trial
from launch.running import trial_queue
from launch.running.trial_queue import TrialQueue
from tests.launch.trials import trial

TRIALS = [trial(seed=seed) for seed in range(6)]
DIGESTS = [t.digest for t in TRIALS]


class Others:
    """Other drivers, which run some trials and have results of some."""

    def __init__(self, *held: str) -> None:
        self.held, self.results = set(held), set[str]()
        self.asked: list[str] = []

    def take(self, digests: Sequence[str]) -> frozenset[str]:
        self.asked += digests
        return frozenset(digests) - self.held

    def done(self, digests: Sequence[str]) -> frozenset[str]:
        return frozenset(digests) & self.results


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list with one number, the time."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_only_as_many_trials_are_claimed_as_are_submitted(clock: list[float]) -> None:
    others = Others()
    queue = TrialQueue(TRIALS, others.take, others.done)
    assert queue.next(2) == TRIALS[:2]
    assert others.asked == DIGESTS[:2]
    clock[0] += trial_queue.SHORT_SECONDS
    assert queue.next(1) == [TRIALS[2]]
    assert others.asked == DIGESTS[:3]
    assert len(queue) == 3


def test_short_trials_are_claimed_in_larger_chunks(clock: list[float]) -> None:
    others = Others()
    queue = TrialQueue(TRIALS, others.take, others.done)
    sizes = []
    for expected in TRIALS:
        before = len(others.asked)
        assert queue.next(1) == [expected]
        sizes.append(len(others.asked) - before)
    assert sizes == [1, 2, 0, 3, 0, 0]
    assert len(queue) == 0


def test_trials_of_others_come_last_and_until_they_are_ours_or_done(clock: list[float]) -> None:
    others = Others(DIGESTS[0], DIGESTS[1], DIGESTS[3])
    queue = TrialQueue(TRIALS, others.take, others.done)
    assert queue.next(6) == [TRIALS[2], TRIALS[4], TRIALS[5]]
    assert (len(queue), queue.held) == (3, 3)
    assert queue.next(6) == []
    assert len(others.asked) == 6

    clock[0] += trial_queue.HELD_SECONDS
    others.held.remove(DIGESTS[3])
    others.results.add(DIGESTS[0])
    assert queue.next(1) == [TRIALS[3]]
    assert (len(queue), queue.held) == (1, 1)
    assert queue.next(1) == []
    clock[0] += trial_queue.HELD_SECONDS
    others.results.add(DIGESTS[1])
    assert queue.next(1) == []
    assert len(queue) == 0


def test_later_trials_follow_when_no_other_trial_waits() -> None:
    asked = []

    def later(*, nothing_runs: bool) -> Sequence[Trial]:
        asked.append(nothing_runs)
        return TRIALS[2:3] if len(asked) == 1 else ()

    others = Others(DIGESTS[1])
    queue = TrialQueue(TRIALS[:2], others.take, others.done, later)
    queue.add_later(nothing_runs=False)
    assert asked == []
    assert queue.next(2) == TRIALS[:1]
    queue.add_later(nothing_runs=True)
    assert asked == [False]  # another driver runs a trial
    assert queue.next(2) == TRIALS[2:3]
    assert len(queue) == 1
