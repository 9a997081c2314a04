"""Ratios of the medians, and the time added by recording."""

from dataclasses import replace

import pytest

from gatebench.speed.benchmark import Candidate
from gatebench.speed.ratios import baseline_ratios, recording_ratio
from gatebench.speed.timed_row import Ratio
from gatebench.speed.timing import Timing

FUSED = Candidate("fused", {"base": "lstm"}, "fused", against=("torch", "native"))
RECORDING = replace(FUSED, trace=True)


def timing(median: float) -> Timing:
    return Timing(median, median / 2, median * 3, 5)


def test_a_ratio_is_that_of_the_medians_and_of_the_peaks() -> None:
    times = {"torch": timing(6.0), "fused": timing(2.0)}
    assert baseline_ratios(FUSED, times, {"torch": 80, "fused": 20}) == (Ratio("torch", 3.0, 0.25),)
    assert baseline_ratios(FUSED, times, {"fused": 20}) == (Ratio("torch", 3.0, None),)
    assert baseline_ratios(FUSED, times, {"torch": 0, "fused": 20}) == (Ratio("torch", 3.0, None),)


def test_a_recording_candidate_is_compared_with_the_recording_baseline_where_there_is_one() -> None:
    times = {"torch": timing(6.0), "native": timing(4.0), "native, recording": timing(5.0)}
    times |= {"fused, recording": timing(2.0)}
    assert baseline_ratios(RECORDING, times, {}) == (Ratio("torch", 3.0), Ratio("native", 2.5))


def test_the_time_added_by_recording_needs_both_times() -> None:
    times = {"fused": timing(2.0), "fused, recording": timing(2.2)}
    assert recording_ratio(RECORDING, times) == pytest.approx(1.1)
    assert recording_ratio(FUSED, times) is None
    assert recording_ratio(RECORDING, {"fused, recording": timing(2.2)}) is None
