"""The ranks of a trial on several devices: one process for each device. This module does not import torch."""

from dataclasses import dataclass


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
