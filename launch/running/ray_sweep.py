"""Many trials at once: Ray runs each attempt of a trial as a task on a worker process. Workers are reused.

`driver.py` has the loop. The workers send their events through the mailbox, see `mailbox.py`. The end of a task brings
the outcome and the events that are still on their way.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from launch.running.ray_cluster import first_line, machines  # before ray: it sets Ray up

# isort: split
from ray.exceptions import RayError

from gatebench.errors import UserError
from gatebench.trial import Trial
from launch.config.retry_budgets import RetryBudgets
from launch.events import EventHandler
from launch.running.attempt import TrialRunner
from launch.running.driver import Driver, DriverWork
from launch.running.interrupts import Interrupts
from launch.running.resources import Resources, check_nodes, check_requests, most_together
from launch.running.retries import Retries
from launch.running.sweep_cluster import SweepCluster
from launch.running.trial_queue import Choose, Later, TrialQueue, no_later


def _no_trials(digests: Sequence[str]) -> frozenset[str]:
    del digests
    return frozenset()


def _nothing(digest: str) -> bytes | None:
    del digest
    return None


def run_trials(
    trials: Sequence[Trial],
    run: TrialRunner,
    resources: Resources,
    handle: EventHandler,
    *,
    take: Choose = frozenset,
    done: Choose = _no_trials,
    later: Later = no_later,
    resume: Callable[[str], bytes | None] = _nothing,
    budgets: RetryBudgets | None = None,
    report: Callable[[str], None] = lambda line: print(line, file=sys.stderr),
    cluster: SweepCluster | None = None,
) -> None:
    """Run the trials, as many at once as the resources allow, and pass their events to `handle`.

    A trial that fails, or whose process dies, does not stop the others; see `RetryBudgets` for its retries. After the
    first Ctrl-C no new trial begins, and the running ones end; after the second one, or SIGTERM, they save a checkpoint
    and stop.

    Args:
        trials: the trials.
        run: the function that trains one trial on a worker.
        resources: the resources of the trials, and the address of the cluster.
        handle: the function that receives all events, in this process.
        take: the function that claims trials by their digests, and returns those that no other driver runs.
        done: the function that returns those trials that another driver has ended.
        later: the function that returns further trials, which depend on the outcomes of these.
        resume: the function that returns the newest checkpoint of a trial, or None.
        budgets: the budgets of retries; None: the default ones.
        report: the function that shows a line to the user.
        cluster: the cluster, if it has been started for these trials already. It is ended after the last trial.

    Raises:
        UserError: Ray cannot be reached, or the connection is lost.
        Refusal: no machine has the resources of a trial.
        KeyboardInterrupt: a signal has ended the sweep early.
    """
    with ExitStack() as stack, Interrupts() as interrupts:
        cluster = cluster or stack.enter_context(SweepCluster(trials, resources))
        queue, retries = TrialQueue(trials, take, done, later), Retries(budgets or RetryBudgets())
        try:
            _drive(cluster, trials, DriverWork(run, handle, queue, retries, resume, interrupts, report))
        except RayError as error:
            raise UserError(
                f"The connection to Ray's cluster is lost ({first_line(error)}); run the same command to continue."
            ) from None
        finally:
            cluster.end()
    if interrupts.order != "run":
        raise KeyboardInterrupt


def _drive(cluster: SweepCluster, trials: Sequence[Trial], work: DriverWork) -> None:
    """Run the trials on the cluster.

    All references to objects of Ray are gone at the end of this function. Ray ends a process that gives one back while
    the cluster ends.
    """
    mailbox, resources = cluster.mailbox(), cluster.resources
    together = most_together(trials, resources)
    subject = "A trial needs" if together == 1 else f"A process with {together} trials needs"
    check_requests(cluster.requests, list(machines().values()), subject)
    check_nodes(trials, resources, list(machines().values()))
    Driver(work, mailbox, resources, together).run_all(cluster.requests)
