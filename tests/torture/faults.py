"""The list of the faults.

A fault starts the sweep of a place, disturbs it, and may return only when its command has ended. The seeded generator
decides the moment and the victim. It adds 1 to `Place.injected` each time it has met a running command, or its files.
"""

import os
from collections.abc import Callable, Mapping
from random import Random

from tests.torture import driver_faults, file_faults, server_faults, worker_faults
from tests.torture.loads import PLAIN, RANKS, Load
from tests.torture.place import Place

Fault = Callable[[Place, Random], None]
"""A fault: the place and the generator."""


def storm(place: Place, random: Random) -> None:
    """Disturb one sweep again and again: it is killed, interrupted and damaged, and then continued each time."""
    for _ in range(random.randint(4, 8)):
        random.choice(_LOCAL)(place, random)


_LOCAL: tuple[Fault, ...] = (
    driver_faults.kill_driver,
    worker_faults.kill_worker,
    worker_faults.terminate_worker,
    driver_faults.interrupt,
    driver_faults.interrupt_twice,
    driver_faults.terminate,
    file_faults.damaged_checkpoint,
    file_faults.damaged_journal,
)


FAULTS: Mapping[str, Fault] = {
    fault.__name__: fault
    for fault in (
        driver_faults.kill_driver,
        driver_faults.kill_driver_twice,
        storm,
        worker_faults.kill_worker,
        worker_faults.terminate_worker,
        worker_faults.memory_runs_out,
        driver_faults.interrupt,
        driver_faults.interrupt_twice,
        driver_faults.terminate,
        driver_faults.kill_during_schema,
        driver_faults.two_drivers_one_home,
        driver_faults.two_drivers_two_homes,
        driver_faults.two_drivers_and_one_is_killed,
        worker_faults.kill_rank,
        worker_faults.terminate_rank,
        worker_faults.kill_ray_node,
        worker_faults.kill_ray_cluster,
        server_faults.server_dies_and_comes_back,
        server_faults.server_dies,
        server_faults.server_hangs,
        server_faults.network_is_cut,
        server_faults.network_stays_cut,
        file_faults.damaged_database,
        file_faults.lost_database,
        file_faults.damaged_checkpoint,
        file_faults.damaged_journal,
        driver_faults.renamed_host,
        driver_faults.skewed_clock,
        file_faults.full_disk,
    )
}
"""The faults by name."""

_LOADS = {"kill_rank": RANKS, "terminate_rank": RANKS}


def load_of(name: str) -> Load:
    """Return the sweep that a fault disturbs."""
    return _LOADS.get(name, PLAIN)


def impossible() -> dict[str, str]:
    """Return {fault: reason} of the faults that this machine does not allow."""
    reasons = {}
    if os.system("unshare --uts true 2>/dev/null") != 0:
        reasons["renamed_host"] = "this user may not rename the host"
    if driver_faults.faketime() is None:
        reasons["skewed_clock"] = "there is no libfaketime (Debian package faketime)"
    return reasons
