"""The connection between the ranks of a trial, and its description for Lightning.

The processes are started elsewhere. Each of them calls `run_trial` with its own `Ranks`. Gradients and all other values
are exchanged with gloo between CPUs; gradients between GPUs are exchanged with NCCL.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_utilities.core.rank_zero import rank_zero_only as utils_rank_zero_only
from pytorch_lightning.strategies import DDPStrategy
from pytorch_lightning.utilities import rank_zero_only

from gatebench.errors import Refusal
from gatebench.ranks import SHARED_PORTS, RankLost, Ranks
from gatebench.training.network_interface import interface_of, own_address
from gatebench.training.rank_group import NO_GROUP, RankGroup
from gatebench.trial import Trial

BACKENDS = {"cpu": "gloo", "cuda": "nccl"}
"""{device: the library that exchanges the gradients}."""

START_TIMEOUT = timedelta(minutes=5)
"""The longest time that a rank waits until all ranks have started."""

LOOK_SECONDS = 0.02
"""The time after which rank 0 asks again which ranks have started."""

TIMEOUT = timedelta(minutes=30)
"""The longest time that a rank waits for the values of another one, for example while that one reads data.

A rank that dies is noticed at once, because its connections are closed.
"""

_INTERFACES = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")
"""The variables that name the network interface of gloo and of NCCL."""


def check_ranks(trial: Trial, ranks: Ranks | None) -> None:
    """Check that as many processes run the trial as its settings say.

    Raises:
        Refusal: they do not.
    """
    world = 1 if ranks is None else ranks.world
    if world != trial.training.ranks:
        raise Refusal(
            f"training.devices={trial.training.devices} and training.nodes={trial.training.nodes} need "
            f"{trial.training.ranks} processes; this trial has {world}."
        )


def _do_nothing() -> None:
    """Do nothing."""


@contextmanager
def joined(ranks: Ranks | None, device: str, while_waiting: Callable[[], None] = _do_nothing) -> Iterator[RankGroup]:
    """Connect this process with the other ranks, and yield the group. At the end of the block leave the group.

    Args:
        ranks: the place of this process; None: it is alone, and nothing is connected.
        device: the device of the network, "cpu" or "cuda".
        while_waiting: a function that rank 0 calls again and again until all other ranks have started. It raises an
            error if one of them cannot start.

    Raises:
        RankLost: the other ranks do not start in time, or one of them ends in the middle of the block.
    """
    if ranks is None or ranks.world == 1:
        yield NO_GROUP
        return
    with _environment(ranks):
        try:
            _connect(ranks, device, while_waiting)
            yield RankGroup(ranks)
        except RuntimeError as error:
            if _is_lost(error):
                message = f"Rank {ranks.rank} has lost the connection to another rank of the trial."
                raise RankLost(message) from error
            raise
        finally:
            if dist.is_initialized():
                dist.destroy_process_group()
            for only in (rank_zero_only, utils_rank_zero_only):
                vars(only)["rank"] = 0  # Lightning leaves its rank here; the next trial of this process may be alone


class OutsideProcesses(ClusterEnvironment):
    """Tells Lightning the place of this process. Lightning would otherwise start the other processes itself.

    Each rank has one device and is a node of its own for Lightning, because each process sees only its own GPU.

    Args:
        ranks: the place of this process.
    """

    def __init__(self, ranks: Ranks) -> None:
        super().__init__()
        self.ranks = ranks

    @property
    def creates_processes_externally(self) -> bool:
        """True: Lightning starts no process."""
        return True

    @property
    def main_address(self) -> str:
        """The address of rank 0."""
        return self.ranks.address

    @property
    def main_port(self) -> int:
        """The port of rank 0."""
        return self.ranks.port

    @staticmethod
    def detect() -> bool:
        """False: it is only used if it is asked for."""
        return False

    def world_size(self) -> int:
        """Return the number of ranks."""
        return self.ranks.world

    def set_world_size(self, size: int) -> None:
        """Do nothing: the number of ranks is fixed."""

    def global_rank(self) -> int:
        """Return the number of this rank."""
        return self.ranks.rank

    def set_global_rank(self, rank: int) -> None:
        """Do nothing: the number of this rank is fixed."""

    def local_rank(self) -> int:
        """Return 0: this process is the only one that sees its device."""
        return 0

    def node_rank(self) -> int:
        """Return the number of this rank."""
        return self.ranks.rank


def strategy(group: RankGroup) -> DDPStrategy:
    """Return Lightning's strategy for a group of several ranks, which is already connected."""
    return DDPStrategy(
        cluster_environment=OutsideProcesses(group.ranks), broadcast_buffers=False, gradient_as_bucket_view=True
    )


def keep_signal_handlers(trainer: pl.Trainer) -> None:
    """Let a trainer set no signal handlers.

    Lightning's handler of SIGTERM sends a value to the other ranks, whatever this rank is doing at the moment. The
    ranks would then wait for each other for ever. `Control.should_stop` stops all ranks at the same step instead.
    """
    vars(trainer._signal_connector)["register_signal_handlers"] = _do_nothing


def _connect(ranks: Ranks, device: str, while_waiting: Callable[[], None]) -> None:
    """Connect this process with the other ranks."""
    listener = None if ranks.rank else _listen(ranks)
    store = dist.TCPStore(  # type: ignore[attr-defined]
        ranks.address,
        ranks.port,
        ranks.world,
        is_master=listener is not None,
        timeout=START_TIMEOUT,
        wait_for_workers=False,
        master_listen_fd=None if listener is None else listener.detach(),
    )
    store.set(f"started/{ranks.rank}", "")
    _wait_for(store, ranks, while_waiting)
    backend = "gloo" if device == "cpu" else f"cpu:gloo,{device}:{BACKENDS[device]}"
    dist.init_process_group(backend, store=store, rank=ranks.rank, world_size=ranks.world, timeout=TIMEOUT)


def _wait_for(store: Any, ranks: Ranks, while_waiting: Callable[[], None]) -> None:
    """Wait in rank 0 until all ranks have started."""
    started = [f"started/{rank}" for rank in range(ranks.world)]
    deadline = time.monotonic() + START_TIMEOUT.total_seconds()
    while not ranks.rank and not store.check(started):
        while_waiting()
        if time.monotonic() > deadline:
            raise RankLost(f"Not all of the {ranks.world} ranks have started within {START_TIMEOUT}.")
        time.sleep(LOOK_SECONDS)


def _listen(ranks: Ranks) -> socket.socket:
    """Return a socket that listens at the address of rank 0. Torch would listen at all addresses of the machine.

    Another socket of this user may have the port too: the one that has reserved it.
    """
    family = socket.AF_INET6 if ":" in ranks.address else socket.AF_INET
    place = (ranks.address, ranks.port)
    return socket.create_server(place, family=family, backlog=ranks.world, reuse_port=SHARED_PORTS)


@contextmanager
def _environment(ranks: Ranks) -> Iterator[None]:
    """Set the variables that the libraries read, except those that the user has set.

    gloo and NCCL use the network interface that leads to rank 0. The number of threads stays: Lightning would raise it
    to the number of cores, and the ranks of one machine would wait for each other's threads.
    """
    wanted = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    if (interface := interface_of(own_address(ranks.address))) is not None:
        wanted |= dict.fromkeys(_INTERFACES, interface)
    ours = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]


def _is_lost(error: RuntimeError) -> bool:
    """Return whether an error is one of the connection. Gloo raises a bare RuntimeError that names its source file."""
    return isinstance(error, dist.DistError) or "gloo" in str(error).lower() or "tcpstore" in str(error).lower()
