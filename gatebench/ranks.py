"""The ranks of a trial on several devices: one process for each device. This module does not import torch."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SHARED_PORTS = hasattr(socket, "SO_REUSEPORT")
"""Whether several sockets of a user may have the same port on this system."""


class RankLost(Exception):  # noqa: N818  (the trial itself did nothing wrong)
    """Another rank of the trial has ended, or cannot be reached. The trial can be run again."""


@dataclass(frozen=True)
class Ranks:
    """The place of one process among those that train one network together.

    Attributes:
        rank: the number of this process, from 0. Rank 0 sends the epochs, and its outcome is that of the trial.
        world: the number of processes.
        address: the address of the machine of rank 0, under which all other ranks reach it.
        port: a free port of that machine, on which rank 0 listens.
    """

    rank: int = 0
    world: int = 1
    address: str = "127.0.0.1"
    port: int = 0


ALONE = Ranks()
"""The place of a process that trains a network without others."""


@contextmanager
def reserved_port(address: str) -> Iterator[int]:
    """Yield a free port of this machine, which the system gives to nobody else in the block.

    Only a process of this user that shares its port can listen there, as rank 0 does. Without a reservation, another
    process might get the port before rank 0 listens. Where ports cannot be shared, the port is only free.

    Args:
        address: the address of this machine at which rank 0 will listen.
    """
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as holder:
        if SHARED_PORTS:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((address, 0))
        port = int(holder.getsockname()[1])
        if not SHARED_PORTS:
            holder.close()
        yield port
