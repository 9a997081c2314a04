"""Times taken in turns, and the bytes that autograd holds."""

import time

import pytest
import torch

from gatebench.speed import measure
from gatebench.speed.measure import FEWEST, Timing, burst, gemm_peak, interleaved, kept_bytes


def test_contestants_take_turns_there_and_back() -> None:
    seen: list[str] = []

    def turn(name: str, seconds: float) -> float:
        seen.append(name)
        return seconds

    a, b = interleaved([lambda: turn("a", 1.0), lambda: turn("b", len(seen))], 0.0)
    assert "".join(seen) == "ab" + "abba" * (FEWEST // 2) + "ab" * (FEWEST % 2)
    assert a == Timing(1.0, 1.0, 1.0, FEWEST)
    assert b.median == sorted([3, 4, 7, 8, 11])[2]  # the first turn of all does not count


def test_a_contest_lasts_its_seconds_and_pauses_behind_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    (timing,) = interleaved([lambda: 0.5], 0.05, pause=0.7)
    assert timing.turns > FEWEST
    assert pauses == [0.7] * (timing.turns + 1)
    assert interleaved([], 1.0) == []


def test_a_timing_has_the_median_and_the_quartiles() -> None:
    timing = Timing.of([4.0, 1.0, 2.0, 3.0, 5.0])
    assert timing == Timing(3.0, 2.0, 4.0, 5)
    assert timing.spread == pytest.approx(1 / 3)


def test_a_long_step_runs_once_a_turn_and_a_short_one_often(monkeypatch: pytest.MonkeyPatch) -> None:
    for length, wanted in ((0.2, 1), (0.01, 1 + 2), (1e-6, 1 + 100)):
        ran: list[int] = []
        monkeypatch.setattr(measure, "_timed", lambda step, length=length: (step(), length)[1])
        assert burst(lambda ran=ran: ran.append(1)) == length  # type: ignore[misc]
        assert len(ran) == wanted


def test_kept_bytes_count_what_autograd_holds() -> None:
    x = torch.ones(1000, requires_grad=True)
    assert kept_bytes(lambda: (x * 2).exp().sum(), [x]) == 4000


def test_the_gemm_peak_is_positive() -> None:
    assert gemm_peak(64, 0.01) > 0
