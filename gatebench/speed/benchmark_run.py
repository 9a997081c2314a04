"""Runs one benchmark: checks every candidate against the reference, then times those that agree."""

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
from gatebench.speed.ratios import baseline_ratios, recording_ratio
from gatebench.speed.runner import find_runner
from gatebench.speed.timed_row import TimedRow
from gatebench.speed.timing import PAUSE, Timing, step_seconds, time_interleaved
from gatebench.speed.worker_client import WorkerClient, WorkerEnded


@dataclass(frozen=True)
class Conditions:
    """The settings of all benchmarks with one number of threads.

    Attributes:
        threads: torch's number of threads.
        seconds: the least duration of the counted repetitions of a benchmark.
        gemm_peak: the FLOP/s of large matrix products on this machine.
        memory: whether peak memory is measured in the benchmarks that ask for it; default True.
        keep_memory: whether the allocator of this process keeps freed memory; default True.
        clock: the clock, one of `gatebench.speed.timing.CLOCKS`; default "wall".
    """

    threads: int
    seconds: float
    gemm_peak: float
    memory: bool = True
    keep_memory: bool = True
    clock: str = "wall"


@dataclass(frozen=True)
class _Prepared:
    """A candidate that agrees with the reference and is ready to be timed."""

    candidate: Candidate
    repeat: Callable[[], float]  # runs one repetition and returns the seconds of a training step
    kept: int | None  # bytes that torch's autograd keeps between forward and backward; None without it
    flops: int  # of all matrix products of a training step
    compile_seconds: float | None = None  # of the compilation for this shape; None if there is none


class _Disagreement(Exception):  # noqa: N818
    """A candidate differs from the reference."""


def run_benchmark(benchmark: Benchmark, conditions: Conditions, checker: AgreementChecker) -> list[TimedRow]:
    """Return a row for each candidate, in the order of the benchmark.

    A candidate that cannot be timed gets a row with a message, and the others are timed all the same. A candidate that
    gives the same refusal with and without recording gets one row. Sets torch's number of threads.
    """
    torch.set_num_threads(conditions.threads)
    other_processes = OtherProcesses()
    with ExitStack() as workers:
        rows, prepared = _prepare_all(benchmark, conditions, checker, workers)
        try:
            times = _time_all(prepared, conditions)
        except Exception as error:
            rows |= {label: _row_without_time(rows[label], error) for label in prepared}
            prepared, times = {}, {}
    other_cores = other_processes.cores()  # after the workers have ended, whose time now counts as our own
    measures_memory = benchmark.memory and conditions.memory
    peaks = dict(_measure_peaks(benchmark, conditions, prepared)) if measures_memory else {}
    for label in times:
        rows[label] = _row_with_time(rows[label], prepared[label], times, peaks, conditions.gemm_peak)
    return [replace(row, other_cores=other_cores) for row in _without_repeated_refusals(rows.values())]


def _prepare_all(
    benchmark: Benchmark, conditions: Conditions, checker: AgreementChecker, workers: ExitStack
) -> tuple[dict[str, TimedRow], dict[str, _Prepared]]:
    """Return a row without measurements for each candidate, and the candidates that can be timed, both by label."""
    rows: dict[str, TimedRow] = {}
    prepared: dict[str, _Prepared] = {}
    for candidate in benchmark.candidates:
        shape = checker.case(candidate.cell, benchmark.shape).shape
        row = TimedRow(benchmark.name, shape, conditions.threads, candidate.name, candidate.trace)
        rows[candidate.label] = row
        try:
            prepared[candidate.label] = _prepare(candidate, benchmark, conditions, checker, workers)
        except Exception as error:
            rows[candidate.label] = _row_without_time(row, error)
    return rows, prepared


def _prepare(
    candidate: Candidate, benchmark: Benchmark, conditions: Conditions, checker: AgreementChecker, workers: ExitStack
) -> _Prepared:
    """Return a candidate ready to be timed.

    Raises:
        Refusal: it cannot run this.
        _Disagreement: its results differ from the reference.
        WorkerEnded: its process failed.
    """
    case, runner = checker.case(candidate.cell, benchmark.shape), find_runner(candidate.runner, candidate.precision)
    if (reason := runner.refuses(case, candidate.trace)) is not None:
        raise Refusal(reason)
    if not runner.only_in_workers:
        _raise_disagreement(checker.disagreement(candidate, benchmark.shape))
    if candidate.separate_process:
        worker = WorkerClient(candidate, benchmark.shape, conditions.threads, keep_memory=False)
        workers.enter_context(worker)
        if runner.only_in_workers:
            _raise_disagreement(worker.disagreement())
        repeat = partial(worker.step_seconds, conditions.clock)
        return _Prepared(candidate, repeat, worker.kept_bytes(), case.flops, worker.compile_seconds())
    step = runner.prepare(case, candidate.trace)
    return _Prepared(candidate, partial(step_seconds, step.run, conditions.clock), step.kept_bytes(), case.flops)


def _raise_disagreement(message: str | None) -> None:
    """Raise a message about a difference from the reference; None is agreement."""
    if message is not None:
        raise _Disagreement(message)


def _time_all(prepared: Mapping[str, _Prepared], conditions: Conditions) -> dict[str, Timing]:
    """Return the timing of each candidate, by label."""
    pause = PAUSE if conditions.threads > 1 else 0.0
    timings = time_interleaved([one.repeat for one in prepared.values()], conditions.seconds, pause)
    return dict(zip(prepared, timings, strict=True))


def _measure_peaks(
    benchmark: Benchmark, conditions: Conditions, prepared: Mapping[str, _Prepared]
) -> Iterator[tuple[str, int | str]]:
    """Yield the label of each candidate and its peak memory in bytes, or a message if it cannot be measured.

    Each is measured in a fresh process with the allocator settings of this one. A candidate that runs in a separate
    process has other settings and is left out, because its memory could not be compared.
    """
    for label, one in prepared.items():
        if one.candidate.separate_process:
            continue
        try:
            with WorkerClient(
                one.candidate, benchmark.shape, conditions.threads, keep_memory=conditions.keep_memory
            ) as worker:
                yield label, worker.peak_bytes()
        except WorkerEnded as error:
            yield label, str(error)


def _row_without_time(row: TimedRow, error: Exception) -> TimedRow:
    """Return the row of a candidate that could not be timed, with the reason."""
    match error:
        case Refusal():
            return replace(row, status="refused", message=str(error))
        case _Disagreement():
            return replace(row, status="differs", message=str(error))
        case WorkerEnded():
            return replace(row, status="failed", message=str(error))
    text = str(error).strip().partition("\n")[0].rstrip(".") or "no message"
    return replace(row, status="failed", message=f"It failed with {type(error).__name__}: {text}.")


def _row_with_time(
    row: TimedRow, prepared: _Prepared, times: Mapping[str, Timing], peaks: Mapping[str, int | str], gemm_peak: float
) -> TimedRow:
    """Return the row of a timed candidate with all of its measurements; `peaks` is in bytes, or has a message."""
    candidate, timing, peak = prepared.candidate, times[row.label], peaks.get(row.label)
    measured_peaks = {label: size for label, size in peaks.items() if isinstance(size, int)}
    return replace(
        row,
        message=peak if isinstance(peak, str) else "",
        timing=timing,
        ratios=baseline_ratios(candidate, times, measured_peaks),
        recording=recording_ratio(candidate, times),
        share=prepared.flops / timing.median / gemm_peak,
        kept=prepared.kept,
        compile_seconds=prepared.compile_seconds,
        peak=measured_peaks.get(row.label),
    )


def _without_repeated_refusals(rows: Iterable[TimedRow]) -> Iterator[TimedRow]:
    """Yield the rows, but only the first of those in which a candidate refuses with the same message."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        key = (row.candidate, row.message)
        if row.status != "refused" or key not in seen:
            yield row
        seen.add(key)
