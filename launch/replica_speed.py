"""`gatebench speed trial=EXPERIMENT replicas=R`: R trials in one process, beside R processes.

The trials are the first one of the experiment with R seeds. All ways are timed in turns. Their results are compared.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from statistics import median

from gatebench.control import Control
from gatebench.errors import Refusal
from gatebench.outcome import Outcome
from gatebench.trial import Trial
from launch.config.settings import Settings
from launch.display.text_columns import align
from launch.running.attempt import TrialRunner, import_training, runner_of
from launch.running.replicas import FACT, side_by_side

ROUNDS = 3
"""The number of timed rounds. One more round before them does not count."""

APART, TOGETHER, IN_SEQUENCE = "{} processes", "1 process, at the same time", "1 process, in sequence"


@dataclass(frozen=True)
class WayTimes:
    """One way to train the trials.

    Attributes:
        name: of the way.
        seconds: the wall time of all trials, by round.
        memory: the peak resident set of its processes, in bytes.
        results: a checksum of each trial's result, by trial.
    """

    name: str
    seconds: Sequence[float]
    memory: int
    results: Sequence[str]


@dataclass(frozen=True)
class _Work:
    """What a process does in a round: trials in turns if `is_shared`, else one after the other."""

    trials: Sequence[Trial]
    run: TrialRunner
    threads: int
    is_shared: bool


@dataclass(frozen=True)
class _Round:
    """The end of a round in one process: a checksum for each trial, and the peak resident set in bytes; or an error."""

    results: Sequence[str] = ()
    memory: int = 0
    error: str = ""


def way_times(trial: Trial, replicas: int, settings: Settings) -> list[WayTimes]:
    """Time the ways to train a trial with several seeds.

    Args:
        trial: the trial.
        replicas: the number R of seeds.
        settings: the settings with the home, the data root and the threads of a trial.

    Raises:
        Refusal: a trial could not be trained.
    """
    trials = [replace(trial, seed=trial.seed + number) for number in range(replicas)]
    work = partial(_Work, run=runner_of(settings), threads=settings.cpus_per_trial)
    ways = {
        APART.format(replicas): [work([one], is_shared=False) for one in trials],
        TOGETHER: [work(trials, is_shared=True)],
        IN_SEQUENCE: [work(trials, is_shared=False)],
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    ends: dict[str, list[_Round]] = {}
    with ExitStack() as stack:
        started = {name: [stack.enter_context(_process(one)) for one in works] for name, works in ways.items()}
        for number in range(1 + ROUNDS):
            for name, connections in started.items():
                began = time.perf_counter()
                ends[name] = _round(connections)
                if number:
                    seconds[name].append(time.perf_counter() - began)
    return [
        WayTimes(
            name,
            seconds[name],
            sum(end.memory for end in ends[name]),
            [result for end in ends[name] for result in end.results],
        )
        for name in ways
    ]


def ways_text(ways: Sequence[WayTimes]) -> str:
    """Return the times as a table and as sentences."""
    trials = len(ways[0].results)
    rows = [(f"{trials} trials", "s", "trials a minute", "peak MB")]
    for way in ways:
        typical = median(way.seconds)
        rows.append((way.name, f"{typical:.2f}", f"{60 * trials / typical:.1f}", f"{way.memory / 1e6:,.0f}"))
    return (
        f"{align(rows, 'lrrr')}\n\n"
        f"Medians of {ROUNDS} rounds in turns, after one that does not count. In a round all trials load the data, "
        "train and are tested."
    )


def are_equal(ways: Sequence[WayTimes]) -> bool:
    """Return whether all ways gave the same results, to the last bit."""
    return all(way.results == ways[0].results for way in ways)


def _round(connections: Sequence[Connection]) -> list[_Round]:
    """Let processes work at the same time, and wait for all."""
    for connection in connections:
        connection.send("go")
    ends: list[_Round] = []
    for connection in connections:
        try:
            ends.append(connection.recv())
        except EOFError:
            raise Refusal("A process that trained a trial has died.") from None
    for end in ends:
        if end.error:
            raise Refusal(end.error)
    return ends


@contextmanager
def _process(work: _Work) -> Iterator[Connection]:
    """Start a process, and yield the connection to it. It ends with the block."""
    context = multiprocessing.get_context("spawn")
    own, others = context.Pipe()
    process = context.Process(target=_serve, args=(work, others), daemon=True)
    process.start()
    others.close()
    try:
        yield own
    finally:
        own.close()
        process.join()


def _serve(work: _Work, connection: Connection) -> None:
    """Train the trials in each round, until the connection is closed."""
    import_training()
    import torch

    torch.set_num_threads(work.threads)
    while True:
        try:
            connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        connection.send(_end_of_round(work))


def _end_of_round(work: _Work) -> _Round:
    try:
        outcomes = _at_the_same_time(work) if work.is_shared else [_train(work.run, trial) for trial in work.trials]
    except Exception as error:
        return _Round(error=f"{type(error).__name__}: {error}")
    return _Round([_checksum(outcome) for outcome in outcomes], _peak_memory())


def _train(run: TrialRunner, trial: Trial) -> Outcome:
    return run(trial, emit=lambda _: None, control=Control())


def _at_the_same_time(work: _Work) -> list[Outcome]:
    with side_by_side(work.run, len(work.trials)) as (pool, run):
        return list(pool.map(partial(_train, run), work.trials))


def _checksum(outcome: Outcome) -> str:
    """Return a checksum of all that does not depend on the time: the metrics, the facts, the weights and the gates."""
    metrics = {name: float(value).hex() for name, value in outcome.metrics.items() if not name.startswith("seconds")}
    facts = {name: value for name, value in outcome.facts.items() if name != FACT}
    files = {name: _file_checksum(name, content) for name, content in outcome.files.items()}
    known = (outcome.status, sorted(metrics.items()), sorted(facts.items()), sorted(files.items()))
    return hashlib.sha256(repr(known).encode()).hexdigest()


def _file_checksum(name: str, content: bytes) -> str:
    """Return a checksum of a file. Equal weights can be in files whose headers have another order."""
    if not name.endswith(".safetensors"):
        return hashlib.sha256(content).hexdigest()
    from safetensors.numpy import load

    weights = sorted(load(content).items())
    return hashlib.sha256(b"".join(label.encode() + weight.tobytes() for label, weight in weights)).hexdigest()


def _peak_memory() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
