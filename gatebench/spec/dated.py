"""Dated names: the name of a value in a cell's equations, with the time step to which the value belongs."""

from __future__ import annotations

NOW, PREVIOUS, NEXT = "[t]", "[t-1]", "[t+1]"


class DatedName(str):
    """A name and its time: "c[t]", "c[t-1]", "d/c[t+1]".

    A dated name is a string: it is equal to its text, has the hash of its text, and is written as its text. A name that
    a user wrote without a time, such as "c" in `tie: "1 - c"`, is a dated name without a date until the equations are
    made.
    """

    __slots__ = ()

    @property
    def label(self) -> str:
        """The name without its time: "c" of "c[t-1]"."""
        return self.partition("[")[0]

    @property
    def is_now(self) -> bool:
        """Whether the value belongs to the present step."""
        return self.endswith(NOW)

    @property
    def is_previous(self) -> bool:
        """Whether the value belongs to the step before."""
        return self.endswith(PREVIOUS)

    @property
    def is_next(self) -> bool:
        """Whether the value belongs to the step after; only backward passes read such values."""
        return self.endswith(NEXT)

    @property
    def has_date(self) -> bool:
        """Whether the name has a time."""
        return "[" in self

    @property
    def next(self) -> DatedName:
        """The same value, one step after the present one: "d/c[t]" → "d/c[t+1]"."""
        return following(self.label)


def now(label: str) -> DatedName:
    """Return the name of a value at the present step: "c" → "c[t]"."""
    return DatedName(label + NOW)


def previous(label: str) -> DatedName:
    """Return the name of a value at the step before: "c" → "c[t-1]"."""
    return DatedName(label + PREVIOUS)


def following(label: str) -> DatedName:
    """Return the name of a value at the step after: "d/c" → "d/c[t+1]"."""
    return DatedName(label + NEXT)


X = now("x")
"""The input of the present step."""
