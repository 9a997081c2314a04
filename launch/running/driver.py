"""The loop of a sweep: it submits the trials, hands on their events, and starts further attempts.

About twice as many tasks are submitted as the cluster runs at a time. A task trains one trial, or a group of trials
that share a process.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from launch.running.ray_cluster import machines  # before ray: it sets Ray up

# isort: split
import ray
from ray.exceptions import TaskCancelledError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from gatebench.outcome import Outcome, Status
from gatebench.records.mlflow_entry import TRACEBACK, run_name
from gatebench.trial import Trial
from launch.events import EventHandler
from launch.running.attempt import TrialRunner
from launch.running.code_versions import code_versions
from launch.running.early_ends import EARLY_ENDS, early_end, is_memory_error
from launch.running.interrupts import Interrupts
from launch.running.mailbox import EventBatch, Order
from launch.running.ranks import rank_options, release, reserve
from launch.running.replicas import run_replicas
from launch.running.resources import Request, Resources, fits, slots, task_options
from launch.running.retries import Cause, Retries
from launch.running.trial_groups import grouped, spread
from launch.running.trial_queue import TrialQueue
from launch.running.worker_task import Assignment, TaskEnd

POLL_SECONDS = 0.25
"""The longest time in which the driver does not look at the signals and at the ends of tasks."""

MACHINES_SECONDS = 2.0
"""The time between two looks at the machines of the cluster."""

END_SECONDS = 2.0
"""The longest time in which the driver waits for the last answer of the mailbox."""

KILL_SECONDS = 5.0
"""The time in which killed trials must end."""


@dataclass(frozen=True)
class DriverWork:
    """What the loop of `run_trials` works with.

    Attributes:
        run: the function that trains one trial on a worker.
        handle: the function that receives all events.
        queue: the trials that are not submitted yet.
        retries: the retries of the trials.
        resume: the function that returns the newest checkpoint of a trial, or None.
        interrupts: the signals of the user.
        report: the function that shows a line to the user.
    """

    run: TrialRunner
    handle: EventHandler
    queue: TrialQueue
    retries: Retries
    resume: Callable[[str], bytes | None]
    interrupts: Interrupts
    report: Callable[[str], None]


@dataclass
class _Attempt:
    """One submitted attempt.

    Attributes:
        name: the name of the attempt.
        trial: the trial.
        node: Ray's name of the node on which it runs; None before it begins.
        handled: the number of the last batch that the driver has handled.
        places: Ray's placement group of a trial on several devices; None for a trial on one device.
    """

    name: str
    trial: Trial
    node: str | None = None
    handled: int = -1
    places: Any = None


class Driver:
    """The loop of `run_trials`.

    Args:
        work: what it works with.
        mailbox: the handle of the mailbox.
        resources: the resources of the trials.
        together: the largest number of trials that share a process.
    """

    def __init__(self, work: DriverWork, mailbox: Any, resources: Resources, together: int) -> None:
        self._run, self._handle, self._resume = ray.put(work.run), work.handle, work.resume
        self._queue, self._retries = work.queue, work.retries
        self._interrupts, self._report = work.interrupts, work.report
        self._mailbox, self._resources, self._together = mailbox, resources, together
        self._told: Order = "run"
        self._told_held, self._killed = False, 0.0
        self._run_group: Any = ray.remote(max_retries=0)(run_replicas)
        self._submitted: dict[Any, list[_Attempt]] = {}
        self._attempts: dict[str, _Attempt] = {}
        self._keys: list[tuple[str, int]] = []
        self._machines: dict[str, dict[str, float]] = {}
        self._machines_read = float("-inf")

    def run_all(self, requests: Sequence[Request]) -> None:
        """Run the trials until all have ended, or a signal ends the sweep.

        Args:
            requests: the distinct requests of the processes that train the trials.
        """
        self._requests = requests
        mail = self._take_mail()
        while self._goes_on():
            self._fill()
            ready, _ = ray.wait([mail, *self._submitted], num_returns=1, timeout=POLL_SECONDS)
            if mail in ready:
                for batch in ray.get(mail):
                    self._handle_batch(batch)
                mail = self._take_mail()
            for reference in self._ended_tasks():
                self._end(reference)
            self._obey_signals()
        self._mailbox.obey.remote(self._interrupts.order)
        ray.wait([mail], timeout=END_SECONDS)  # Ray reports a call that does not end before the cluster does

    def _goes_on(self) -> bool:
        """Return whether a trial is submitted or is to be submitted."""
        if self._interrupts.order == "run":
            self._queue.add_later(nothing_runs=not self._submitted)
        return bool(self._submitted or (self._queue and self._interrupts.order == "run"))

    def _ended_tasks(self) -> list[Any]:
        tasks = list(self._submitted)
        return ray.wait(tasks, num_returns=len(tasks), timeout=0)[0] if tasks else []

    def _take_mail(self) -> Any:
        keys, self._keys = self._keys, []
        return self._mailbox.take.remote(keys, self._interrupts.order)

    def _fill(self) -> None:
        """Submit groups of trials until twice as many are submitted as the machines run at a time."""
        if not self._queue or self._interrupts.order != "run":
            return
        if (now := time.monotonic()) - self._machines_read > MACHINES_SECONDS:
            self._machines, self._machines_read = machines(), now
        free = self._window() - len(self._submitted)
        for group in self._next_groups(free) if free > 0 else ():
            self._submit(group)
        if self._queue.held and not self._submitted and not self._told_held:
            self._told_held = True
            self._report(f"{self._queue.held} trials are run by another sweep of this study; this one waits for them.")

    def _slots(self) -> int:
        """Return the number of tasks that run at a time."""
        return max(1, *(slots(self._machines.values(), request) for request in self._requests))

    def _window(self) -> int:
        """Return the number of tasks to keep submitted."""
        return 2 * self._slots()

    def _next_groups(self, number: int) -> list[list[Trial]]:
        """Return the next trials to submit, in about as many groups as `number`."""
        waiting, slots_now = len(self._queue), self._slots()

        def most(trial: Trial) -> int:
            return spread(self._resources.together(trial), trial.training.device, waiting, slots_now)

        return grouped(self._queue.next(number * self._together), most)

    def _submit(self, trials: Sequence[Trial], without: str | None = None) -> None:
        """Submit an attempt of a trial, or of a group of trials that share a process.

        Args:
            trials: the trials.
            without: the node of the last attempt, which another node replaces if one has the resources.
        """
        attempts = [_Attempt(secrets.token_hex(6), trial) for trial in trials]
        first, request = attempts[0], self._resources.of_process(trials[0], len(trials))
        options = task_options(request)
        if first.trial.training.ranks > 1:
            first.places = reserve(first.trial, request)
            options, without = rank_options(first.trial, request, first.places, rank=0), None
        others = [name for name, machine in self._machines.items() if name != without and fits(machine, request)]
        if without is not None and others:
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(secrets.choice(others), soft=True)
        self._submitted[self._task(attempts, options)] = attempts
        self._attempts |= {attempt.name: attempt for attempt in attempts}

    def _task(self, attempts: Sequence[_Attempt], options: Mapping[str, Any]) -> Any:
        """Submit the task of some attempts, and return Ray's reference to their ends."""
        assignments = [
            Assignment(one.trial, one.name, self._resume(one.trial.digest), code_versions()) for one in attempts
        ]
        threads = self._resources.cpus if self._together > 1 else None
        return self._run_group.options(**options).remote(assignments, self._run, self._mailbox, threads)

    def _handle_batch(self, batch: EventBatch) -> None:
        """Handle the events of a batch. Those of an attempt that has ended, and those handled already, are ignored."""
        self._keys.append(batch.key)
        attempt = self._attempts.get(batch.attempt)
        if attempt is None or batch.number <= attempt.handled:
            return
        attempt.node, attempt.handled = batch.node, batch.number
        for event in batch.events:
            self._handle(event)

    def _end(self, reference: Any) -> None:
        """Handle the end of a task: for each of its trials the outcome, or another attempt."""
        attempts = self._submitted.pop(reference)
        for attempt in attempts:
            if attempt.places is not None:
                release(attempt.places)
        try:
            ends: Sequence[TaskEnd] = ray.get(reference)
        except TaskCancelledError:
            for attempt in attempts:
                self._give_up(attempt)
        except EARLY_ENDS as error:
            for attempt in attempts:
                self._ended_early(attempt, *early_end(error))
        else:
            for attempt, ended in zip(attempts, ends, strict=True):
                for batch in ended.batches:
                    self._handle_batch(batch)
                self._handle_end(attempt, ended)
        for attempt in attempts:
            del self._attempts[attempt.name]

    def _handle_end(self, attempt: _Attempt, ended: TaskEnd) -> None:
        outcome = ended.outcome
        if outcome is None:
            if self._interrupts.order == "run":
                self._submit([attempt.trial])
        elif ended.preempted:
            self._ended_early(attempt, "preempted", "The trial's process received SIGTERM.", outcome)
        elif outcome.status == "failed" and TRACEBACK in outcome.facts:
            cause: Cause = "memory" if is_memory_error(outcome.sentence) else "error"
            self._ended_early(attempt, cause, outcome.sentence, outcome)
        else:
            self._handle(outcome)

    def _ended_early(self, attempt: _Attempt, cause: Cause, sentence: str, outcome: Outcome | None = None) -> None:
        """Submit another attempt if the budget allows it. Else the trial has failed."""
        trial = attempt.trial
        if self._interrupts.overdue:
            self._give_up(attempt)
        elif self._interrupts.order == "run" and self._retries.allow(trial.digest, cause, sentence):
            self._machines = machines()  # a node that died is not among them
            self._submit([trial], without=attempt.node)
            how = "continues from its checkpoint" if self._resume(trial.digest) else "begins again"
            self._report(f"{run_name(trial)} {how}, attempt {self._retries.number(trial.digest) + 1}: {sentence}")
        else:
            status: Status = "interrupted" if cause == "preempted" else "failed"
            sentence = self._retries.history(trial.digest, sentence)
            self._handle(replace(outcome or _outcome(trial, status), sentence=sentence))

    def _give_up(self, attempt: _Attempt) -> None:
        self._handle(replace(_outcome(attempt.trial, "interrupted"), sentence="The user stopped it."))

    def _obey_signals(self) -> None:
        """Tell the workers about a new order, and kill the trials that have not stopped in time."""
        order = self._interrupts.order
        if order != self._told:
            self._told = order
            self._mailbox.obey.remote(order)
            if running := sum(attempt.node is not None for group in self._submitted.values() for attempt in group):
                self._report(self._interrupts.sentence(running))
        if not self._interrupts.overdue:
            return
        if not self._killed:
            self._killed = time.monotonic()
            for reference in self._submitted:
                ray.cancel(reference, force=True)
        elif time.monotonic() - self._killed > KILL_SECONDS:
            for group in self._submitted.values():
                for attempt in group:
                    self._give_up(attempt)
            self._submitted.clear()


def _outcome(trial: Trial, status: Status) -> Outcome:
    return replace(Outcome.of(trial, status), when=time.time())
