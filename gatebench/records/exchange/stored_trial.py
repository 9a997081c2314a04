"""A trial as it is in the archive of a study, and the checks of one that comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from safetensors import SafetensorError, deserialize

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.records.run_content import RunContent
from gatebench.records.spool.event_json import epoch_json, number, outcome_json, read_epoch, read_outcome, text
from gatebench.records.spool.header import is_attempt

GATES, WEIGHTS, TRACEBACK_FILE = "gates.npz", "weights.safetensors", f"{TRACEBACK}.txt"
_PICTURE = re.compile(r"pictures/[\w.-]{1,100}\.svg")
_OUTPUT = re.compile(r"outputs/[\w.-]{1,100}\.(txt|tsv)")
_SCRIPT = re.compile(rb"<\s*(script|foreignobject|iframe|embed|object)|<!entity|javascript:|\son\w+\s*=", re.IGNORECASE)
_RUN_FILES = ("config.yaml", "equations.txt", "equations.tex")
_KEY = re.compile(r"[\w./: -]{1,250}")  # MLflow refuses other keys
_LONGEST = {"tags": 8000, "params": 6000, "files": 2**20, "dataset": 60_000}  # characters that MLflow allows
_MOST_EPOCHS = 1_000_000


@dataclass(frozen=True)
class StoredTrial:
    """One attempt of a trial that has ended.

    Attributes:
        digest: the digest of the trial.
        attempt: the name of the attempt, 8 to 40 hex digits.
        when: the time at which the trial started, in seconds since 1970.
        run: the content of its run in MLflow.
        epochs: its epochs.
        outcome: its outcome, without files.
        files: {name: content} of the files of the outcome: gate arrays, weights and pictures.
    """

    digest: str
    attempt: str
    when: float
    run: RunContent
    epochs: tuple[Epoch, ...]
    outcome: Outcome
    files: Mapping[str, bytes] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the trial without its files as a JSON object."""
        return {
            "digest": self.digest,
            "attempt": self.attempt,
            "when": self.when,
            "run": asdict(self.run),
            "outcome": outcome_json(self.outcome, self.outcome.when),
            "epochs": [epoch_json(epoch, epoch.when) for epoch in self.epochs],
        }

    @classmethod
    def from_json(cls, digest: str, content: Mapping[str, Any], files: Mapping[str, bytes]) -> StoredTrial:
        """Return the trial of a JSON object that may come from somebody else.

        Args:
            digest: the digest of the trial, from the name of its folder in the archive.
            content: the JSON object.
            files: the files.

        Raises:
            UserError: the object is not a trial, belongs to another one, or MLflow cannot keep a part of it.
        """
        try:
            trial = cls(
                text(content, "digest"),
                text(content, "attempt"),
                number(content, "when"),
                RunContent.from_json(content.get("run")),
                tuple(_read_epochs(content.get("epochs"), digest)),
                read_outcome(_object(content.get("outcome"))),
                dict(files),
            )
        except UserError as error:
            raise UserError(f"The trial {digest} of the archive cannot be used: {error}") from None
        for reason in trial._problems(digest):
            raise UserError(f"The trial {digest} of the archive cannot be used: {reason}.")
        return trial

    def _problems(self, digest: str) -> Iterator[str]:
        tags, outcome = self.run.tags, self.outcome
        if not (
            digest == self.digest == outcome.digest == tags["digest"] and outcome.cell_digest == tags["cell_digest"]
        ):
            yield "its digests differ"
        if not is_attempt(self.attempt):
            yield "the name of its attempt is wrong"
        if not (0 <= self.when < 1e11 and 0 <= outcome.when < 1e11):
            yield "its times are wrong"
        for part, longest in _LONGEST.items():
            for key, value in getattr(self.run, part).items():
                if not _KEY.fullmatch(key) or len(value) > longest:
                    yield f"MLflow cannot keep {key[:60]!r} of its {part}"
        names = [*outcome.metrics, *outcome.facts, *(name for epoch in self.epochs for name in epoch.metrics)]
        for name in names:
            if not _KEY.fullmatch(name):
                yield f"MLflow cannot keep its metric or fact {name[:60]!r}"
        if missing := [tag for tag in ("cell", "task", "seed") if not tags.get(tag)]:
            yield f"its run has no tag {missing[0]!r}"
        elif tags["seed"] != str(outcome.seed):
            yield "its seeds differ"
        if not {"name", "digest", "source"} <= self.run.dataset.keys() <= {"name", "digest", "source", "profile"}:
            yield "its dataset is wrong"
        if set(self.run.files) - set(_RUN_FILES):
            yield "its run has other files than those of a trial"
        for name, content in self.files.items():
            yield from _problems_of_file(name, content)


def _problems_of_file(name: str, content: bytes) -> Iterator[str]:
    if not is_kept(name):
        yield f"its file {name[:60]!r} is none of a trial"
    if name.endswith(".svg") and _SCRIPT.search(content):
        yield f"its picture {name} contains a program"
    if name == WEIGHTS:
        try:
            deserialize(content)  # type: ignore[no-untyped-call]
        except SafetensorError:
            yield f"its file {name} is not a safetensors file"


def is_kept(name: str) -> bool:
    """Return whether a file of a run is one that gatebench has written as a part of an outcome."""
    return name in (GATES, WEIGHTS) or any(kind.fullmatch(name) is not None for kind in (_PICTURE, _OUTPUT))


def is_run_file(name: str) -> bool:
    """Return whether a file of a run is one that a run has from its start: the config and the equations."""
    return name in _RUN_FILES


def _read_epochs(content: object, digest: str) -> Iterator[Epoch]:
    if not isinstance(content, list) or len(content) > _MOST_EPOCHS:
        raise UserError("it has no list of epochs.")
    for epoch in content:
        yield read_epoch(_object(epoch), digest)


def _object(content: object) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise UserError("it lacks a part.")
    return content
