"""The entries of a study's claims, and the state that follows from them.

The claims of a study are a log: a list of entries that only grows. The holder of each digest follows from the entries
in their order, so that all drivers that read the same entries find the same holders. An entry of an owner that an
earlier entry has declared dead is ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

NAMES_PER_ENTRY = 200
"""The largest number of digests in an entry that are claimed. A param of MLflow has at most 6000 characters."""

ENDS_PER_ENTRY = 50
"""The largest number of digests in an entry that are released, and of those that are given back."""


@dataclass(frozen=True)
class Entry:
    """An entry of the log.

    Attributes:
        owner: the name of the owner that writes it.
        label: the machine and the process of the owner, for messages.
        take: the digests that the owner claims. Those that another owner holds stay with it.
        release: the digests whose trials have ended and are recorded.
        give_back: the digests that the owner holds and has not run.
        dead: the names of owners that have ended. Their digests are free.
        next_board: MLflow's id of the run that continues the log; "": this run does.
        number: a number that makes the entries of an owner different.
    """

    owner: str
    label: str = ""
    take: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    give_back: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    next_board: str = ""
    number: int = 0

    def to_text(self) -> str:
        """Return the entry as the value of a param: JSON, with the lists joined by spaces."""
        values = {key: " ".join(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}
        return json.dumps({key: value for key, value in values.items() if value != ""})

    @classmethod
    def from_text(cls, text: str) -> Entry:
        """Return the entry that `to_text` wrote. A text that is no entry gives an entry without effect."""
        try:
            values: dict[str, Any] = json.loads(text)
            return cls(
                owner=str(values.get("owner", "")),
                label=str(values.get("label", "")),
                take=_names(values.get("take", "")),
                release=_names(values.get("release", "")),
                give_back=_names(values.get("give_back", "")),
                dead=_names(values.get("dead", "")),
                next_board=str(values.get("next_board", "")),
                number=int(values.get("number", 0)),
            )
        except (ValueError, TypeError, AttributeError, RecursionError):
            return cls("")


@dataclass
class ClaimState:
    """The state after some entries.

    Attributes:
        holders: {digest: name of the owner that holds it}.
        labels: {name of an owner: its machine and process}.
        dead: the names of the owners that have ended.
        ended: {digest: name of the owner that ran it}, of all digests that were released.
    """

    holders: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    ended: dict[str, str] = field(default_factory=dict)

    def apply(self, entry: Entry) -> None:
        """Change the state by the next entry."""
        if not entry.owner or entry.owner in self.dead:
            return
        self.labels[entry.owner] = entry.label
        for digest in (*entry.release, *entry.give_back):
            if self.holders.get(digest) == entry.owner:
                del self.holders[digest]
        self.ended.update(dict.fromkeys(entry.release, entry.owner))
        for digest in entry.take:
            self.holders.setdefault(digest, entry.owner)
        self._bury(entry.dead)

    def held_by(self, owner: str) -> frozenset[str]:
        """Return the digests that an owner holds."""
        return frozenset(digest for digest, holder in self.holders.items() if holder == owner)

    def snapshot(self) -> Iterator[Entry]:
        """Yield entries that lead to the same holders, labels and dead owners."""
        for owner in sorted(set(self.holders.values())):
            for digests in chunks(sorted(self.held_by(owner))):
                yield Entry(owner, self.labels.get(owner, ""), take=digests)
        for names in chunks(sorted(self.dead)):
            yield Entry("snapshot", dead=names)

    def _bury(self, names: Iterable[str]) -> None:
        dead = set(names)
        self.dead |= dead
        if dead:
            self.holders = {digest: holder for digest, holder in self.holders.items() if holder not in dead}


def chunks(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the names in parts that fit into an entry."""
    for start in range(0, len(names), NAMES_PER_ENTRY):
        yield tuple(names[start : start + NAMES_PER_ENTRY])


def _names(text: object) -> tuple[str, ...]:
    return tuple(str(text).split())
