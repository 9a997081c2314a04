"""The header of an attempt's journal: whose attempt it is, and everything that the run in MLflow has from its start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gatebench.errors import UserError
from gatebench.outcome import Outcome, Status
from gatebench.records import mlflow_entry
from gatebench.records.run_content import RunContent
from gatebench.records.spool.event_json import mapping, number, text

VERSION = 1
"""The version of the form of journals. Others are refused."""

_ATTEMPT = re.compile(r"[0-9a-f]{8,40}")
_DIGEST = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Header:
    """The header of a journal.

    Attributes:
        study: the name of the study.
        store: the address of the records without credentials; "home" for the sqlite file in the home.
        digest: the digest of the trial.
        attempt: the random name of the attempt.
        owner: the name of the process that runs the trial.
        host: the machine of that process, for messages.
        process: the number of that process, for messages.
        when: the time at which the trial started, in seconds since 1970.
        force: whether the trial runs although it has a result.
        run: the content of the run in MLflow.
    """

    study: str
    store: str
    digest: str
    attempt: str
    owner: str
    host: str
    process: int
    when: float
    force: bool
    run: RunContent

    def to_json(self) -> dict[str, Any]:
        """Return the header as a record of a journal."""
        return {"kind": "begin", "version": VERSION, **asdict(self), "run": self.run.to_json()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Header:
        """Return the header of a record.

        Raises:
            UserError: the record is not a header, or another version wrote it.
        """
        if content.get("kind") != "begin":
            raise UserError("A journal of the spool does not begin with its header, so it is not used.")
        if content.get("version") != VERSION:
            raise UserError(
                f"A journal of the spool has the version {str(content.get('version'))[:20]!r}; this gatebench reads "
                f"version {VERSION}."
            )
        process = content.get("process")
        return cls(
            study=text(content, "study"),
            store=text(content, "store"),
            digest=_name(content, "digest", _DIGEST),
            attempt=_name(content, "attempt", _ATTEMPT),
            owner=text(content, "owner"),
            host=text(content, "host"),
            process=process if isinstance(process, int) else 0,
            when=number(content, "when"),
            force=content.get("force") is True,
            run=RunContent.from_json(mapping(content, "run")),
        )

    def outcome(self, status: Status, sentence: str, when: float) -> Outcome:
        """Return an outcome without a result for this attempt, made from the header alone."""
        tags = {**self.run.tags, "status": status, "sentence": sentence}
        empty = mlflow_entry.read_outcome("KILLED", tags, {}, self.run.params)
        return Outcome(**{**vars(empty), "when": when})


def check_attempt(attempt: str) -> str:
    """Return the name of an attempt if it is one, so that it can be the name of a folder.

    Raises:
        ValueError: it is not the name of an attempt.
    """
    if not _ATTEMPT.fullmatch(attempt):
        raise ValueError(f"{attempt!r} is not the name of an attempt, 8 to 40 hex digits")
    return attempt


def is_attempt(name: str) -> bool:
    """Return whether a name is that of an attempt."""
    return _ATTEMPT.fullmatch(name) is not None


def _name(content: Mapping[str, Any], key: str, pattern: re.Pattern[str]) -> str:
    value = text(content, key)
    if not pattern.fullmatch(value):
        raise UserError(f"A journal of the spool has the wrong {key} {value[:40]!r}, so it is not used.")
    return value
