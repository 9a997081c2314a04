"""The Ray cluster of a sweep, which starts in the background while the driver still reads the records."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Event, Thread
from types import TracebackType
from typing import Any

from launch.running.ray_cluster import machines, node_name, open_cluster  # before ray: it sets Ray up

# isort: split
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from gatebench.trial import Trial
from launch.running.code_versions import code_versions
from launch.running.mailbox import Mailbox
from launch.running.resources import Request, Resources, slots, task_options
from launch.running.worker_task import warm_up

_CONCURRENT_CALLS = 10_000  # of the mailbox: each running attempt waits in one


class SweepCluster:
    """A context manager that starts or joins a cluster in a thread, with the mailbox on the driver's node.

    A local cluster ends with the thread that has started it, so the thread waits until the end of the block.

    Args:
        trials: the trials that it will run. On this machine as many workers as fit import the training code at once.
        resources: the resources of the trials, and the address of the cluster.

    Attributes:
        resources: the resources, with the largest number of devices of a trial.
        requests: the distinct requests of the processes that train the trials.
    """

    def __init__(self, trials: Sequence[Trial], resources: Resources) -> None:
        devices = max((trial.training.devices for trial in trials), default=1)
        self.resources = replace(resources, devices=devices).for_sweep_of(len(trials))
        distinct = {tuple(request.items()): request for request in map(self.resources.of_process, trials)}
        self.requests: list[Request] = list(distinct.values())
        self._mailbox: Any = None
        self._error: BaseException | None = None
        self._started, self._ending = Event(), Event()
        self._thread = Thread(target=self._hold, name="Ray cluster")

    def __enter__(self) -> "SweepCluster":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self._thread.join()

    def mailbox(self) -> Any:
        """Wait until the cluster has started, and return the handle of the mailbox.

        Raises:
            UserError: Ray cannot be started, or there is no cluster at the address.
        """
        self._started.wait()
        if self._error is not None:
            raise self._error
        return self._mailbox

    def end(self) -> None:
        """Begin to end the cluster. The end of the block waits for it."""
        self._ending.set()

    def _hold(self) -> None:
        try:
            with open_cluster(self.resources):
                self._mailbox = _new_mailbox()
                if self.resources.address is None and self.requests:
                    _warm_up(self.requests[0])
                code_versions()  # the first submission would wait for it
                self._started.set()
                self._ending.wait()
                self._mailbox = None  # Ray ends a process that gives a handle back while the cluster ends
        except BaseException as error:  # it is raised in the main thread
            self._error = error
        finally:
            self._started.set()


def _new_mailbox() -> Any:
    """Return a mailbox on the driver's node. A node that dies elsewhere does not take it along."""
    options = {
        "num_cpus": 0,
        "scheduling_strategy": NodeAffinitySchedulingStrategy(node_name(), soft=False),
        "max_restarts": -1,
        "max_task_retries": -1,
        "max_concurrency": _CONCURRENT_CALLS,
    }
    return ray.remote(Mailbox).options(**options).remote()


def _warm_up(request: Request) -> None:
    """Let the workers import the training code. The first trials come to them afterwards."""
    task = ray.remote(warm_up).options(**task_options(request))
    for _ in range(slots(machines().values(), request)):
        task.remote()
