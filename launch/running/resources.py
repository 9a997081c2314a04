"""The resources of the trials of a sweep: cores, GPUs, memory and resources that a cluster names itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gatebench.errors import Refusal
from gatebench.trial import Trial
from launch.config.device_counts import check_gpus
from launch.config.memory_size import memory_bytes, memory_text
from launch.config.replica_count import replicas_of
from launch.config.settings import Settings

Request = Mapping[str, float]
"""The resources of one trial on each of its machines, by Ray's names.

The names are "CPU", "GPU", "memory" (bytes), and those of the cluster.
"""


@dataclass(frozen=True)
class Resources:
    """The resources of the trials of a sweep.

    Attributes:
        workers: the number of trials at a time on this machine; None: as many as the cores allow.
        cpus: the number of cores of a trial for each of its devices.
        gpus: the number of GPUs of a trial, also a fraction; None: one for each device if it trains on cuda, else none.
        address: the address of a running cluster; None: a new cluster on this machine.
        memory: the memory of a trial on each of its machines, in bytes; None: it is not reserved.
        custom: the amounts of resources on each machine of a trial that the cluster names itself, for example
            {"accelerator": 1}.
        devices: the largest number of devices that a trial has on one machine. A cluster on this machine with `workers`
            has the cores of as many trials with so many devices.
        replicas: the number of trials that share a process, or "auto".
    """

    workers: int | None = None
    cpus: int = 1
    gpus: float | None = None
    address: str | None = None
    memory: int | None = None
    custom: Mapping[str, float] = field(default_factory=dict)
    devices: int = 1
    replicas: int | str = 1

    def of(self, trial: Trial) -> dict[str, float]:
        """Return the resources of one trial on each of its machines.

        These are {"CPU": …, "GPU": …}, and memory and custom resources if there are any. Each device of
        `training.devices` has its own cores, and on cuda its own GPU.

        Raises:
            UserError: `gpus` contradicts the devices of the trial.
        """
        training = trial.training
        check_gpus(training, self.gpus)
        devices = training.devices
        gpus = float(devices * (training.device == "cuda")) if self.gpus is None else self.gpus / training.nodes
        memory = {} if self.memory is None else {"memory": float(self.memory)}
        return {"CPU": float(self.cpus * devices), "GPU": gpus, **memory, **self.custom}

    def for_sweep_of(self, count: int) -> "Resources":
        """Return the same resources for a sweep of so many trials: no more of them share a process."""
        return replace(self, replicas=min(self.replicas, max(count, 1))) if isinstance(self.replicas, int) else self

    def together(self, trial: Trial) -> int:
        """Return the largest number of trials that share a process with a trial, with the trial itself."""
        return replicas_of(self.replicas, trial.training)

    def of_process(self, trial: Trial, count: int | None = None) -> dict[str, float]:
        """Return the resources of a process that trains trials of this kind.

        On a CPU they are those of all its trials. On a GPU its trials share the GPU and the cores of one, and only
        their memory adds up.

        Args:
            trial: one of its trials.
            count: the number of its trials; None: the largest one.
        """
        request = self.of(trial)
        count = self.together(trial) if count is None else count
        shared = request.keys() - {"memory"} if trial.training.device == "cuda" else set()
        return {name: amount * (1 if name in shared else count) for name, amount in request.items()}


def resources_of(settings: Settings) -> Resources:
    """Return the resources that the settings of a command ask for."""
    return Resources(
        settings.workers,
        settings.cpus_per_trial,
        settings.gpus_per_trial,
        settings.ray_address,
        memory_bytes("memory_per_trial", settings.memory_per_trial),
        settings.resources_per_trial,
        replicas=settings.replicas,
    )


def most_together(trials: Iterable[Trial], resources: Resources) -> int:
    """Return the largest number of trials that share a process; 1 without trials."""
    return max((resources.together(trial) for trial in trials), default=1)


def check_nodes(trials: Iterable[Trial], resources: Resources, machines: Sequence[Request]) -> None:
    """Check that there are as many machines with the resources of a trial as each trial needs.

    Raises:
        Refusal: there are fewer. Ray would wait for ever.
    """
    for nodes, needed in {(trial.training.nodes, tuple(resources.of(trial).items())) for trial in trials}:
        enough = sum(fits(machine, dict(needed)) for machine in machines)
        if enough < nodes:
            text = " and ".join(_amount(name, amount) for name, amount in needed if amount)
            raise Refusal(
                f"training.nodes is {nodes}, and a trial needs {text} on each of these machines; "
                f"the cluster has {enough} such machine{'s' * (enough != 1)}."
            )


def task_options(request: Request) -> dict[str, Any]:
    """Return the options of a Ray task that reserve the resources."""
    custom = {name: amount for name, amount in request.items() if name not in ("CPU", "GPU", "memory")}
    options: dict[str, Any] = {"num_cpus": request.get("CPU", 0), "num_gpus": request.get("GPU", 0)}
    if "memory" in request:
        options["memory"] = int(request["memory"])
    return options | ({"resources": custom} if custom else {})


def fits(machine: Request, request: Request) -> bool:
    """Return whether a machine has the resources of a request."""
    return all(machine.get(name, 0) >= amount for name, amount in request.items())


def slots(machines: Iterable[Request], request: Request) -> int:
    """Return the number of requests that the machines have the resources for at a time."""
    needed = {name: amount for name, amount in request.items() if amount}
    if not needed:
        return 0
    return sum(min(int(machine.get(name, 0) / amount) for name, amount in needed.items()) for machine in machines)


def check_requests(requests: Iterable[Request], machines: Sequence[Request], subject: str = "A trial needs") -> None:
    """Check that at least one machine has the resources of each request.

    Args:
        requests: the resources.
        machines: those of each machine.
        subject: what needs the resources, and the verb, for the message.

    Raises:
        Refusal: no machine has them. Ray would wait for ever.
    """
    for request in requests:
        needed = {name: amount for name, amount in request.items() if amount}
        if not any(fits(machine, needed) for machine in machines):
            text = " and ".join(_amount(name, amount) for name, amount in needed.items())
            most = ", ".join(
                _amount(name, max((m.get(name, 0) for m in machines), default=0), plural=True) for name in needed
            )
            raise Refusal(f"{subject} {text} on one machine; the most that a machine has is {most}.")


def _amount(name: str, amount: float, *, plural: bool = False) -> str:
    if name == "memory":
        return f"{memory_text(amount)} of memory"
    if name in ("CPU", "GPU"):
        return f"{amount:g} {name}{'s' * (plural or amount != 1)}"
    return f"{amount:g} of {name!r}"
