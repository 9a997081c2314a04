"""The task that trains several trials at once in one process, which are called replicas.

Each has a thread of its own, and its results are those that it has alone, to the last bit; see
`gatebench.machine.turns`. One that ends early, or fails, does not stop the others.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from traceback import format_exception
from typing import Any

from gatebench.control import Control
from gatebench.errors import Refusal
from gatebench.machine.fingerprint import REFUSED_ON, fingerprint
from gatebench.outcome import Epoch, Outcome
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.trial import Trial
from launch.running.attempt import TrialRunner, import_training
from launch.running.preemption import preemption
from launch.running.worker_task import Assignment, TaskEnd, now, run_on_worker

FACT = "replicas"
"""The fact of an outcome that tells how many trials have shared the process."""

NO_MEMORY = "MemoryError: the trial's thread had no memory to begin or to end."


def run_replicas(
    assignments: Sequence[Assignment], run: TrialRunner, mailbox: Any, threads: int | None = None
) -> list[TaskEnd]:
    """Run trials in this process at the same time, send their events, and return their ends in the same order.

    Args:
        assignments: one attempt of each trial.
        run: the function that trains a trial.
        mailbox: the handle of the mailbox.
        threads: the number of threads of each trial; None: that of the process, for a trial that is alone.
    """
    if threads is not None:
        import_training()
        import torch  # the driver imports this module, and needs no torch

        torch.set_num_threads(threads)  # Ray has set those of all trials together
    if len(assignments) == 1:
        return [run_on_worker(assignments[0], run, mailbox)]
    return _run_side_by_side(assignments, run, mailbox)


def _run_side_by_side(assignments: Sequence[Assignment], run: TrialRunner, mailbox: Any) -> list[TaskEnd]:
    """Run several trials, each in a thread. Without a compiler all are refused."""
    try:
        with preemption(), side_by_side(run, len(assignments)) as (pool, taking_turns):
            ends = [pool.submit(run_on_worker, one, taking_turns, mailbox) for one in assignments]
    except Refusal as refusal:
        facts = {REFUSED_ON: fingerprint()}
        return [TaskEnd(now(Outcome.of(one.trial, "refused", str(refusal), facts=facts))) for one in assignments]
    return [_result(end, one.trial) for end, one in zip(ends, assignments, strict=True)]


@contextmanager
def side_by_side(run: TrialRunner, replicas: int) -> Iterator[tuple[ThreadPoolExecutor, TrialRunner]]:
    """Yield a thread for each of some trials, and the function that trains one of them in turns with the others.

    Args:
        run: the function that trains a trial.
        replicas: the number of trials.

    Raises:
        Refusal: there is no C compiler, or it fails.
    """
    from gatebench.machine.turns import Turns  # imports torch
    from gatebench.training.lightning_output import quiet

    taking_turns = partial(in_turns, run=run, turns=Turns(), replicas=replicas)
    # The block of `quiet` of a trial can end in that of another, and would bring back the messages there.
    with quiet(), ThreadPoolExecutor(replicas, "replica") as pool:
        yield pool, taking_turns


def _result(end: "Future[TaskEnd]", trial: Trial) -> TaskEnd:
    """Return the end of a trial. Without memory to begin or to end it has failed, and the others have not."""
    try:
        return end.result()
    except MemoryError as error:
        return TaskEnd(Outcome.of(trial, "failed", NO_MEMORY, facts={TRACEBACK: "".join(format_exception(error))}))


def in_turns(
    trial: Trial,
    *,
    run: TrialRunner,
    turns: Any,
    replicas: int,
    emit: Callable[[Epoch], None],
    control: Control,
) -> Outcome:
    """Train a trial in turns with others, and add to its outcome how many they are.

    Args:
        trial: the trial.
        run: the function that trains it.
        turns: the `gatebench.machine.turns.Turns` of this process.
        replicas: the number of trials in this process.
        emit: see `TrialRunner`.
        control: see `TrialRunner`.

    Raises:
        Stopped: the control stopped the trial.
    """
    from gatebench.machine.turns import own_stream, pass_on

    def should_stop() -> bool:
        pass_on()
        return control.should_stop()

    with turns.place(), own_stream(trial.training.device):
        outcome = run(trial, emit=emit, control=replace(control, should_stop=should_stop))
    return replace(outcome, facts={**outcome.facts, FACT: str(replicas)})
