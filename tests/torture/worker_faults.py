"""The faults that meet the processes and machines on which trials run."""

import resource
import signal
from pathlib import Path
from random import Random

from tests.torture.place import Place, kill, wait_until
from tests.torture.ray_nodes import NODES, RayNodes

RANKS = ("run_on_worker", "_run_rank")
"""The functions of the Ray tasks of rank 0, and of the other ranks."""


def kill_worker(place: Place, random: Random) -> None:
    """Kill -9 worker processes; the same command goes on."""
    _signal(place, random, signal.SIGKILL, [""], times=4)


def terminate_worker(place: Place, random: Random) -> None:
    """Send SIGTERM to workers, as before a machine is taken away; the trial continues from its checkpoint."""
    _signal(place, random, signal.SIGTERM, ["run_on_worker"], times=3)


def kill_rank(place: Place, random: Random) -> None:
    """Kill -9 one of the ranks of a trial on two devices; the trial is run again."""
    text = _signal(place, random, signal.SIGKILL, RANKS, times=3)
    assert not place.injected or "attempt 2" in text, f"no trial was run again:\n{text}"


def terminate_rank(place: Place, random: Random) -> None:
    """Send SIGTERM to one of the ranks of a trial on two devices; the trial continues from its checkpoint."""
    _signal(place, random, signal.SIGTERM, RANKS, times=2)


def _signal(
    place: Place, random: Random, number: signal.Signals, titles: list[str] | tuple[str, ...], times: int
) -> str:
    """Send a signal several times to one of the processes with some titles, and return what the command prints.

    The command must survive it.
    """
    command = place.sweep()
    for _ in range(random.randint(1, times)):
        place.await_moment(command, random, training=True)
        wait_until(lambda: bool(place.workers(*titles)) or not command.runs)
        if victims := place.workers(*titles):
            place.injected += kill(random.choice(victims), number)
    code = command.wait()
    assert code == 0, f"exit code {code}: {command.text}"
    return command.text


def memory_runs_out(place: Place, random: Random) -> None:
    """Let a worker get no more memory for some seconds while it runs a trial."""
    command = place.sweep()
    for _ in range(random.randint(1, 3)):
        place.await_moment(command, random, training=True)
        if victims := place.workers("run_on_worker"):
            place.injected += _starve(random.choice(victims), random)
    command.wait()


def _starve(process: int, random: Random) -> bool:
    """Let a process get almost no more memory for some seconds. Return whether there was such a process."""
    try:
        size = int(Path(f"/proc/{process}/statm").read_text().split()[0]) * resource.getpagesize()
        limits = resource.prlimit(process, resource.RLIMIT_AS)
        resource.prlimit(process, resource.RLIMIT_AS, (size + random.randrange(1 << 20), limits[1]))
        wait_until(lambda: False, random.uniform(0.2, 2))
        resource.prlimit(process, resource.RLIMIT_AS, limits)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True


def kill_ray_node(place: Place, random: Random) -> None:
    """Kill -9 a node of a Ray cluster that runs trials; another node may join. The same command goes on."""
    nodes = RayNodes(place)
    command = place.sweep()
    place.injected += place.await_moment(command, random, training=True)
    nodes.remove(random.randrange(NODES))
    if random.random() < 0.5:
        nodes.add()
    code = command.wait()
    assert code == 0, f"exit code {code}: {command.text}"


def kill_ray_cluster(place: Place, random: Random) -> None:
    """Kill -9 all nodes of a Ray cluster, that of the driver too; the sweep continues on a new cluster."""
    RayNodes(place)
    command = place.sweep()
    place.injected += place.await_moment(command, random)
    place.kill_services()
    command.wait()
    RayNodes(place)
