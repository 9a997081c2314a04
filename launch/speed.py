"""Time training steps of cells on their backends, and compare them with torch and with other cells.

The results of each candidate are first compared with the reference. Only candidates that agree are timed.

  gatebench speed                                                     lstm compared with torch, in half a minute
  gatebench speed cell=lstm,janet 'shape=[784,64,1,128],[64,64,1,64]' threads=1,2
  gatebench speed cell=lstm backend=fused,native trace=true,false     with gates recorded, and without
  gatebench speed backend=fused precision=32-true,bf16-mixed          matrix products in bfloat16 beside float32
  gatebench speed cell=lstm cell.ablate.i.fix=1                       an ablation compared with its base
  gatebench speed cell=gru 'against=torch,torch plain' memory=true seconds=5 json=speed.json
  gatebench speed cell=gru against=torch,jax                          a loop in JAX as a baseline (gatebench[jax])
  gatebench speed set=full threads=1,2 json=speed.json                all figures that the project publishes
  gatebench speed threads=1,2 simulate=8,32                           how the work would be divided among more threads
  gatebench speed trial=characters cell=gru                           where the time of a trial goes, by part
  gatebench speed trial=quickstart training.max_epochs=6 replicas=2   two trials in one process, beside two processes

A benchmark is one cell at one shape. The repetitions of its candidates are interleaved, so that a disturbance affects
all candidates alike. conf/speed.yaml lists all settings, and the baselines of each cell. With trial=EXPERIMENT the
other settings are those of gatebench train, and the first trial of the experiment is measured.

Exit code 1: a candidate differs from the reference, or something failed. Exit code 2: a setting is wrong, or all
candidates refused.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from launch import trial_speed
from launch.config.arguments import parse_arguments
from launch.config.speed_config import SpeedPlan, speed_plan
from launch.display.text_columns import align

if TYPE_CHECKING:
    from gatebench.speed.speed_results import SpeedResults
    from gatebench.speed.text_tables import TextTable
    from gatebench.speed.timed_row import TimedRow


def run(argv: Sequence[str]) -> int:
    """Run all benchmarks, print the tables and write the JSON file.

    After Ctrl-C, the benchmarks that have ended are printed and written.

    Returns:
        0; 1 if a candidate differs from the reference or failed; 2 if all candidates refused.

    Raises:
        UserError: a setting is not allowed.
    """
    arguments = parse_arguments("speed", __doc__, argv)
    if trial_speed.is_of_trial(arguments.overrides):
        return trial_speed.run(arguments)
    plan = speed_plan(arguments.overrides, arguments.config_dir)
    if arguments.cfg is not None:
        print(plan.text, end="")
        return 0
    json_path = _json_path(plan.settings.json)
    from gatebench.speed.speed_results import SpeedResults  # imports torch, which a wrong setting need not wait for

    results = SpeedResults(asdict(plan.settings))
    try:
        _measure(plan, results)
    finally:
        if results.rows:
            _print_tables(plan, results)
            if json_path is not None:
                results.write(json_path)
    if any(row.wrong for row in results.rows):
        return 1
    return 0 if any(row.timing for row in results.rows) else 2


def _json_path(text: str | None) -> Path | None:
    """Return the path of the JSON file. It is checked before the benchmarks run, which can take minutes."""
    if text is None:
        return None
    path = Path(text).expanduser()
    if path.is_dir() or not path.parent.is_dir():
        raise UserError(f"json is {text!r}; it must be a file in an existing folder.")
    try:
        with TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise UserError(f"json is {text!r}, and no file can be created in its folder: {error.strerror}.") from None


def _measure(plan: SpeedPlan, results: SpeedResults) -> None:
    """Run all benchmarks, and add their rows to the results."""
    import torch

    from gatebench.machine import peak_memory
    from gatebench.machine.allocator import keep_memory
    from gatebench.speed.agreement import AgreementChecker
    from gatebench.speed.benchmark_run import Conditions, run_benchmark
    from gatebench.speed.timing import gemm_peak

    settings, checker = plan.settings, AgreementChecker()
    if (
        any(benchmark.memory for benchmark in plan.benchmarks)
        and (reason := peak_memory.unavailable_reason()) is not None
    ):
        raise UserError(reason)
    results.allocator = keep_memory() if settings.keep_memory else "The allocator has its default settings."
    threads = settings.threads or [torch.get_num_threads()]
    for count in threads:
        torch.set_num_threads(count)
        results.gemm_peak[count] = gemm_peak(clock=settings.clock)
    results.benchmarks = len(plan.benchmarks) * len(threads)
    start = time.monotonic()
    for benchmark in plan.benchmarks:
        for count in threads:
            memory = count == threads[0]  # peak memory hardly depends on the number of threads
            peak = results.gemm_peak[count]
            conditions = Conditions(count, settings.seconds, peak, memory, settings.keep_memory, settings.clock)
            rows = run_benchmark(benchmark, conditions, checker)
            results.rows += rows
            results.done += 1
            _print_progress(rows, results, (time.monotonic() - start) / results.done)


def _print_progress(rows: Sequence[TimedRow], results: SpeedResults, seconds: float) -> None:
    """Print on stderr the rows of a benchmark that has ended, and the time left.

    Args:
        rows: the rows of the benchmark.
        results: all results so far.
        seconds: the average duration of a benchmark.
    """
    from gatebench.machine.other_processes import QUIET

    number = f"{results.done:>{len(str(results.benchmarks))}}/{results.benchmarks}"
    times = ", ".join(
        f"{row.label} {row.timing.median * 1e3:.2f} ms" if row.timing else f"{row.label} {row.status}" for row in rows
    )
    if (rows[0].other_cores or 0) > QUIET:
        times += f"; other processes used {rows[0].other_cores:.1f} cores"
    left = results.benchmarks - results.done
    duration = f"{left * seconds:.0f} s" if left * seconds < 60 else f"{left * seconds / 60:.0f} min"
    remaining = f"  ({left} left, about {duration})" if left else ""
    first = rows[0]
    print(f"{number}  {first.cell} · {first.shape} · threads {first.threads}  {times}{remaining}", file=sys.stderr)


def _print_tables(plan: SpeedPlan, results: SpeedResults) -> None:
    """Print the table of all rows, the messages and the legend below it, and the summaries."""
    from gatebench.speed.text_tables import legend, notes, recording_table, results_table, summary_table

    table = results_table(results.rows)
    print(f"{_render(table)}\n")
    print("\n".join([*notes(results.rows), *legend(table), *_descriptions(plan, results)]))
    peaks = ", ".join(f"{peak / 1e9:.0f} on {count}" for count, peak in results.gemm_peak.items())
    print(f"GEMM peak, GFLOP/s by threads: {peaks}. {results.allocator}")
    for title, summary in {
        "How many times as fast as the baseline, over all shapes (mean: geometric mean)": summary_table(results.rows),
        "Time added by recording the gates, over all shapes": recording_table(results.rows),
    }.items():
        if summary is not None:
            print(f"\n{title}\n{_render(summary)}")
    _print_simulations(plan, results)
    if results.done < results.benchmarks:
        print(f"\nStopped after {results.done} of {results.benchmarks} benchmarks.")


def _print_simulations(plan: SpeedPlan, results: SpeedResults) -> None:
    """Print the simulated speed on other numbers of threads, if the plan asks for it."""
    from gatebench.speed.simulated_threads import simulated_table, simulations

    if found := simulations(plan.benchmarks, results.rows, plan.settings.simulate):
        print(f"\nSimulated, not measured: fused on other numbers of threads\n{_render(simulated_table(found))}")
        print("sequences, gradients: the largest share of a thread of the batch, and of the weight gradients.")
        print("split ×: how many times as fast as one thread, if only this division limits the speed.")
        print("serial: the part of the time that is not divided, from the times measured on 1 thread and on more.")
        print("together ×: the same with the serial part. Caches and memory are not simulated, so it is a bound.")


def _descriptions(plan: SpeedPlan, results: SpeedResults) -> list[str]:
    """Return a line for each candidate in the rows, with its name and its description."""
    from gatebench.backends.registry import find

    candidates = {one.name: one for benchmark in plan.benchmarks for one in benchmark.candidates}
    names = dict.fromkeys(row.candidate for row in results.rows)
    return [f"{name}: {candidates[name].description or find(candidates[name].runner).DESCRIPTION}." for name in names]


def _render(table: TextTable) -> str:
    return "\n".join(filter(None, [table.above, align(table.lines, table.sides)]))
