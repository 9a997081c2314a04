"""What lies below a data root of a data set, and whether it is as published."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatebench.errors import UserError
from tasks.data.datasets import Check, Dataset
from tasks.data.files import DIGESTS, reading

CHUNK = 1 << 20  # bytes

ReportProgress = Callable[[str, int, int], None]
"""Is told what is being done, and how much of how much of it is done, in bytes; 0 of 0 where that is not known."""


@dataclass(frozen=True)
class Finding:
    """What became of a file's check. place: where it lies, or should; why: what is wrong with it."""

    place: Path
    verdict: Literal["ok", "wrong", "missing"]
    why: str = ""


def locate(dataset: Dataset, root: Path) -> list[Path]:
    """Return where the files of the data set lie, in one of its forms; [] if none is all there.

    Raises:
        UserError: a place cannot be looked into.
    """
    for form in _forms(dataset):
        found = _found(dataset, root, form)
        if len(found) == len(form):
            return list(found.values())
    return []


def missing(dataset: Dataset, root: Path) -> list[str]:
    """Return the names of the published files that are not there; [] if the data set is all there in another form.

    Raises:
        UserError: a place cannot be looked into.
    """
    if locate(dataset, root):
        return []
    found = _found(dataset, root, next(_forms(dataset)))
    return [file.name for file in dataset.files if file.name not in found]


def examine(dataset: Dataset, root: Path, watch: ReportProgress) -> Iterator[Finding]:
    """Check every file of the data set that is there, in any of its forms; yield also what is missing.

    Raises:
        UserError: a place cannot be looked into.
    """
    for form in _forms(dataset):
        for name, path in _found(dataset, root, form).items():
            why = _fault(path, form[name], watch)
            yield Finding(path, "wrong" if why else "ok", why)
    for name in missing(dataset, root):
        yield Finding(root / dataset.folders[0] / name, "missing")


def _forms(dataset: Dataset) -> Iterator[Mapping[str, Check]]:
    yield {file.name: file.checksum for file in dataset.files}
    yield from dataset.instead


def _found(dataset: Dataset, root: Path, form: Mapping[str, Check]) -> dict[str, Path]:
    """Return those files of a form that are there, with their places, the first of the folders going first."""
    found = {}
    for name in form:
        for path in (root / folder / name for folder in dataset.folders):
            with reading(path):
                if path.exists():
                    found[name] = path
                    break
    return found


def _fault(path: Path, check: Check, watch: ReportProgress) -> str:
    """Return what is wrong with a file or a folder; "" if nothing is."""
    watch(f"checking {path.name}", 0, 0)
    if not isinstance(check, str):
        try:
            check(path)
        except UserError as error:
            return str(error)
        return ""
    kind = DIGESTS[len(check)]
    digest, done = hashlib.new(kind, usedforsecurity=False), 0
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            while data := file.read(CHUNK):
                digest.update(data)
                done += len(data)
                watch(f"checking {path.name}", done, size)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    return "" if digest.hexdigest() == check else f"its {kind} is {digest.hexdigest()}, not {check}"
