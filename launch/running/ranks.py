"""A trial on several devices: its places on the machines of Ray's cluster, and the tasks of its ranks.

The driver reserves a place on each machine of the trial, and submits the trial's task, which is rank 0. This task
submits a task for each other rank, in the same places. Its outcome is the outcome of the trial. If it ends, the driver
gives the places back, and Ray ends all ranks that still run there.
"""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from typing import Any, Protocol

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util import get_node_ip_address
from ray.util.placement_group import get_current_placement_group, placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from gatebench.control import Control, Stopped
from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.ranks import RankLost, Ranks, reserved_port
from gatebench.trial import Trial
from launch.running.preemption import is_preempted, preemption

END_SECONDS = 10.0
"""The time in which rank 0 must notice the end of another rank. After it, its process ends itself."""

CAUSE_SECONDS = 5.0
"""The time in which the task of a rank that failed must report why."""

_LOOPBACK = "127.0.0.1"


class RankTrainer(Protocol):
    """A function that trains one trial as one of its ranks."""

    def __call__(
        self,
        trial: Trial,
        *,
        emit: Callable[[Epoch], None],
        control: Control,
        ranks: Ranks,
        while_waiting: Callable[[], None],
    ) -> Outcome:
        """Train the trial; see `gatebench.training.run_trial`."""


def reserve(trial: Trial, request: Mapping[str, float]) -> Any:
    """Return a new placement group with a bundle for each machine of a trial.

    Args:
        trial: the trial. Its machines are different ones.
        request: the resources of the trial on each machine.
    """
    bundle = {name: amount for name, amount in request.items() if amount}
    nodes = trial.training.nodes
    return placement_group([bundle] * nodes, strategy="STRICT_PACK" if nodes == 1 else "STRICT_SPREAD")


def release(group: Any) -> None:
    """Give the places of a trial back. Tasks that still run there are ended."""
    remove_placement_group(group)


def rank_options(trial: Trial, request: Mapping[str, float], group: Any, rank: int) -> dict[str, Any]:
    """Return the options of the Ray task of a rank.

    Args:
        trial: the trial.
        request: the resources of the trial on each machine.
        group: the placement group of the trial.
        rank: the number of the rank.
    """
    devices = trial.training.devices
    place = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank // devices)
    return {
        "num_cpus": request.get("CPU", 0) / devices,
        "num_gpus": request.get("GPU", 0) / devices,
        "scheduling_strategy": place,
        "max_retries": 0,
    }


def train_on_ranks(trial: Trial, train: RankTrainer, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    """Train a trial as its rank 0, in a Ray task in the trial's placement group. The other ranks are tasks, too.

    Args:
        trial: the trial.
        train: the function that trains it as one rank.
        emit: the function that receives the epochs.
        control: the control of the trial. The other ranks get its checkpoint. All ranks stop together.

    Raises:
        RankLost: another rank has ended, and the trial can be run again.
        UserError: another rank cannot run the trial.
        RuntimeError: the training of another rank raised an error.
    """
    address = _LOOPBACK if trial.training.nodes == 1 else get_node_ip_address()
    with reserved_port(address) as port:
        return _train_all(trial, train, Ranks(0, trial.training.ranks, address, port), emit=emit, control=control)


def _train_all(
    trial: Trial, train: RankTrainer, ranks: Ranks, *, emit: Callable[[Epoch], None], control: Control
) -> Outcome:
    """Submit the tasks of the other ranks, and train as rank 0."""
    own = ray.get_runtime_context().get_assigned_resources()
    request = {name: own.get(name, 0) * trial.training.devices for name in ("CPU", "GPU")}
    group = get_current_placement_group()
    task: Any = ray.remote(_run_rank)
    others = [
        task.options(**rank_options(trial, request, group, rank)).remote(
            trial, train, replace(ranks, rank=rank), control.resume
        )
        for rank in range(1, ranks.world)
    ]
    ended = threading.Event()
    threading.Thread(target=_watch, args=(others, ended), name="ranks", daemon=True).start()
    try:
        return train(
            trial,
            emit=emit,
            control=control,
            ranks=ranks,
            while_waiting=lambda: _check(others, timeout=0),
        )
    except RankLost:
        _check(others, timeout=CAUSE_SECONDS)
        raise
    finally:
        ended.set()


def _run_rank(trial: Trial, train: RankTrainer, ranks: Ranks, resume: bytes | None) -> None:
    """Run a rank other than 0, as a Ray task. Its outcome is not used. After SIGTERM, all ranks save and stop."""
    control = Control(resume, should_stop=is_preempted, save_seconds=inf)  # rank 0 decides when to save
    with preemption():
        try:
            train(trial, emit=_ignore, control=control, ranks=ranks, while_waiting=_never_called)
        except Stopped:
            if is_preempted():
                os._exit(0)  # at once, so that this process gets no other task; rank 0 has stopped, too


def _check(others: list[Any], timeout: float) -> None:
    """Check that no other rank has failed.

    Args:
        others: the references of the tasks of the other ranks.
        timeout: the time in seconds to wait for a failure.

    Raises:
        RankLost: the process or the machine of a rank died.
        UserError: a rank cannot run the trial.
        RuntimeError: the training of a rank raised an error.
    """
    ready, _ = ray.wait(others, num_returns=len(others), timeout=timeout)
    causes = [cause for cause in map(_cause, ready) if cause is not None]
    for cause in causes:
        if isinstance(cause, UserError):
            raise cause
    for cause in causes:
        if not isinstance(cause, RankLost):
            raise RuntimeError(f"another rank failed: {type(cause).__name__}: {cause}") from cause
    if causes:
        raise RankLost("The process or the machine of a rank of the trial died.")


def _cause(reference: Any) -> Exception | None:
    """Return the error that a task has raised, `RankLost` if its process died, or None if it ended well."""
    try:
        ray.get(reference)
    except RayTaskError as error:
        cause: Exception = error.cause
        return RankLost(str(cause)) if isinstance(cause, RayError) else cause  # SIGTERM cancels a task
    except RayError as error:
        return RankLost(str(error))
    return None


def _watch(others: list[Any], ended: threading.Event) -> None:
    """End this process if another rank died and the training does not notice: it would wait for that rank.

    gloo notices at once that a connection is closed. NCCL may not notice it.
    """
    waiting = list(others)
    while waiting and not ended.is_set():
        ready, waiting = ray.wait(waiting, timeout=1.0)
        if any(_cause(reference) is not None for reference in ready) and not ended.wait(END_SECONDS):
            os._exit(1)


def _ignore(epoch: Epoch) -> None:
    del epoch


def _never_called() -> None:
    """Do nothing: only rank 0 waits for the others."""
