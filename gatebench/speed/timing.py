"""One contest: every contestant that can run it, checked, then timed side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import torch

from gatebench.errors import Refusal
from gatebench.machine.other_processes import OtherProcesses
from gatebench.speed.agreement import AgreementChecker
from gatebench.speed.benchmark import Benchmark, Candidate
from gatebench.speed.measure import PAUSE, Timing, burst, interleaved
from gatebench.speed.runner import find_runner
from gatebench.speed.timed_row import Ratio, TimedRow
from gatebench.speed.worker_client import WorkerClient, WorkerEnded


@dataclass(frozen=True)
class Conditions:
    """What holds for all contests on one number of threads.

    threads: how many. seconds: of a contest, at least. gemm_peak: the machine's FLOP/s.
    memory: whether peak memory is measured where a contest wants it. keep: whether freed memory is kept.
    """

    threads: int
    seconds: float
    gemm_peak: float
    memory: bool = True
    keep: bool = True


@dataclass(frozen=True)
class _Ready:
    """A contestant that agrees with the reference. turn: runs a step and returns its seconds. kept: bytes."""

    contestant: Candidate
    turn: Callable[[], float]
    kept: int
    flops: int


class _Differs(Exception):  # noqa: N818
    """A contestant computes something else; the message is a sentence."""


def run_benchmark(contest: Benchmark, conditions: Conditions, judge: AgreementChecker) -> list[TimedRow]:
    """Return a row for each contestant, in the contest's order; torch's number of threads is set for it."""
    torch.set_num_threads(conditions.threads)
    others = OtherProcesses()
    rows: dict[str, TimedRow] = {}
    ready: dict[str, _Ready] = {}
    with ExitStack() as processes:
        for one in contest.contestants:
            shape = judge.problem(one.cell, contest.shape).shape
            rows[one.label] = TimedRow(contest.name, shape, conditions.threads, one.name, one.trace)
            try:
                ready[one.label] = _prepared(one, contest, conditions, judge, processes)
            except Exception as error:
                rows[one.label] = _without_time(rows[one.label], error)
        pause = PAUSE if conditions.threads > 1 else 0.0
        try:
            timings = interleaved([one.turn for one in ready.values()], conditions.seconds, pause)
        except Exception as error:
            rows |= {label: _without_time(rows[label], error) for label in ready}
            ready, timings = {}, []
    taken = others.cores()
    times = dict(zip(ready, timings, strict=True))
    peaks = dict(_peaks(contest, conditions, ready)) if contest.memory and conditions.memory else {}
    rows |= {label: _timed(rows[label], ready[label], times, peaks, conditions.gemm_peak) for label in times}
    return [replace(row, others=taken) for row in _told_once(rows.values())]


def _prepared(
    one: Candidate, contest: Benchmark, conditions: Conditions, judge: AgreementChecker, processes: ExitStack
) -> _Ready:
    """Return a contestant ready to run; raise `Refusal` where it cannot, `_Differs` where it is wrong."""
    problem, runner = judge.problem(one.cell, contest.shape), find_runner(one.runner)
    if (reason := runner.refuses(problem, one.trace)) is not None:
        raise Refusal(reason)
    if (difference := judge.disagreement(one, contest.shape)) is not None:
        raise _Differs(difference)
    if one.apart:
        child = processes.enter_context(WorkerClient(one, contest.shape, conditions.threads, keep=False))
        return _Ready(one, child.turn, child.kept(), problem.flops)
    steps = runner.ready(problem, one.trace)
    return _Ready(one, partial(burst, steps.step), steps.kept(), problem.flops)


def _without_time(row: TimedRow, error: Exception) -> TimedRow:
    """Return the row of a contestant that has no time to tell, and why."""
    match error:
        case Refusal():
            return replace(row, verdict="refused", sentence=str(error))
        case _Differs():
            return replace(row, verdict="differs", sentence=str(error))
        case WorkerEnded():
            return replace(row, verdict="failed", sentence=str(error))
    said = str(error).strip().partition("\n")[0].rstrip(".") or "no message"
    return replace(row, verdict="failed", sentence=f"It failed with {type(error).__name__}: {said}.")


def _timed(
    row: TimedRow, ready: _Ready, times: Mapping[str, Timing], peaks: Mapping[str, int | str], gemm_peak: float
) -> TimedRow:
    """Return the row with what was measured. peaks: bytes, or a sentence on why there are none."""
    one, timing, peak = ready.contestant, times[row.label], peaks.get(row.label)
    return replace(
        row,
        sentence=peak if isinstance(peak, str) else "",
        timing=timing,
        ratios=_ratios(one, times, {label: size for label, size in peaks.items() if isinstance(size, int)}),
        recording=_recording(one, times),
        share=ready.flops / timing.median / gemm_peak,
        kept=ready.kept,
        peak=peak if isinstance(peak, int) else None,
    )


def _peaks(contest: Benchmark, conditions: Conditions, ready: Mapping[str, _Ready]) -> Iterator[tuple[str, int | str]]:
    """Yield the peak memory of each contestant, measured in a fresh process with this one's allocator settings."""
    for label in ready:
        one = ready[label].contestant
        if one.apart:  # with other settings, so that it could not be compared
            continue
        try:
            with WorkerClient(one, contest.shape, conditions.threads, keep=conditions.keep) as child:
                yield label, child.peak()
        except WorkerEnded as error:
            yield label, str(error)


def _ratios(one: Candidate, times: Mapping[str, Timing], peaks: Mapping[str, int]) -> tuple[Ratio, ...]:
    """Return how a contestant does beside those that it is compared with; they record gates if it does, and can."""
    found = []
    own = times[one.label]
    for name in one.against:
        labels = [replace(one, name=name).label, replace(one, name=name, trace=False).label]
        if (label := next((label for label in labels if label in times), None)) is not None:
            memory = peaks[one.label] / peaks[label] if peaks.get(label) and one.label in peaks else None
            found.append(Ratio(name, times[label].median / own.median, memory))
    return tuple(found)


def _recording(one: Candidate, times: Mapping[str, Timing]) -> float | None:
    """Return a recording contestant's time as a part of its time without recording."""
    silent = replace(one, trace=False).label
    return times[one.label].median / times[silent].median if one.trace and silent in times else None


def _told_once(rows: Iterable[TimedRow]) -> Iterator[TimedRow]:
    """Yield the rows, with a single refusal where a contestant refuses with and without recording."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if row.verdict != "refused" or (row.contestant, row.sentence) not in seen:
            yield row
        seen.add((row.contestant, row.sentence))
