"""Owners and attempts to test with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FakeOwner:
    """The name of a process that runs trials."""

    name: str = "owner0"
    host: str = "machine"
    process: int = 12


FIRST, SECOND, THIRD = "00000000000a", "00000000000b", "00000000000c"
