"""Interleaved repetitions and their medians."""

import time

import pytest

from gatebench.speed import timing
from gatebench.speed.timing import MIN_REPETITIONS, Timing, gemm_peak, step_seconds, time_interleaved


def test_every_other_round_runs_in_reversed_order() -> None:
    seen: list[str] = []

    def repeat(name: str, seconds: float) -> float:
        seen.append(name)
        return seconds

    a, b = time_interleaved([lambda: repeat("a", 1.0), lambda: repeat("b", len(seen))], 0.0)
    assert "".join(seen) == "ab" + "abba" * (MIN_REPETITIONS // 2) + "ab" * (MIN_REPETITIONS % 2)
    assert a == Timing(1.0, 1.0, 1.0, MIN_REPETITIONS)
    assert b.median == sorted([3, 4, 7, 8, 11])[2]  # the first repetition does not count


def test_a_benchmark_lasts_its_seconds_and_pauses_after_every_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    (result,) = time_interleaved([lambda: 0.5], 0.05, pause=0.7)
    assert result.repetitions > MIN_REPETITIONS
    assert pauses == [0.7] * (result.repetitions + 1)
    assert time_interleaved([], 1.0) == []


def test_a_timing_has_the_median_and_the_quartiles() -> None:
    result = Timing.of([4.0, 1.0, 2.0, 3.0, 5.0])
    assert result == Timing(3.0, 2.0, 4.0, 5)
    assert result.spread == pytest.approx(1 / 3)


def test_a_long_step_runs_once_in_a_repetition_and_a_short_one_often(monkeypatch: pytest.MonkeyPatch) -> None:
    for length, wanted in ((0.2, 1), (0.01, 1 + 2), (1e-6, 1 + 100)):
        ran: list[int] = []
        monkeypatch.setattr(timing, "_seconds", lambda step, clock, length=length: (step(), length)[1])
        assert step_seconds(lambda ran=ran: ran.append(1)) == length  # type: ignore[misc]
        assert len(ran) == wanted


def test_the_clock_of_the_processor_does_not_count_waiting() -> None:
    assert step_seconds(lambda: time.sleep(0.06)) >= 0.06
    assert step_seconds(lambda: time.sleep(0.06), "processor") < 0.03


def test_the_gemm_peak_is_positive() -> None:
    assert gemm_peak(64, 0.01) > 0
