"""A candidate compared with its baselines, and with itself without recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gatebench.speed.benchmark import Candidate
from gatebench.speed.timed_row import Ratio
from gatebench.speed.timing import Timing


def baseline_ratios(candidate: Candidate, times: Mapping[str, Timing], peaks: Mapping[str, int]) -> tuple[Ratio, ...]:
    """Return a candidate compared with each of its baselines that was timed: the ratios of their medians.

    A candidate that records gates is compared with the recording baseline, or with the other one if there is none.

    Args:
        candidate: the candidate.
        times: the timings of all candidates of the benchmark, by label.
        peaks: the peak memory of the candidates in bytes, by label, where it was measured.
    """
    ratios = []
    label = candidate.label
    for name in candidate.against:
        choices = [replace(candidate, name=name).label, replace(candidate, name=name, trace=False).label]
        if (baseline := next((choice for choice in choices if choice in times), None)) is not None:
            memory = peaks[label] / peaks[baseline] if peaks.get(baseline) and label in peaks else None
            ratios.append(Ratio(name, times[baseline].median / times[label].median, memory))
    return tuple(ratios)


def recording_ratio(candidate: Candidate, times: Mapping[str, Timing]) -> float | None:
    """Return the time of a candidate as a fraction of its time without recording.

    Returns:
        The ratio of the medians; None if the candidate does not record, or was not timed without recording.
    """
    silent = replace(candidate, trace=False).label
    return times[candidate.label].median / times[silent].median if candidate.trace and silent in times else None
