"""The files of a data set below a data root: which of them exist, and whether they are the published ones."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatebench.errors import UserError
from tasks.data.datasets import Check, Dataset
from tasks.data.files import DIGESTS, report_read_errors

CHUNK_BYTES = 1 << 20

ReportProgress = Callable[[str, int, int], None]
"""Is called with a description of the current action, the bytes done, and the total bytes; 0 and 0 if unknown."""


@dataclass(frozen=True)
class Finding:
    """The result of the check of one file.

    Attributes:
        path: path of the file, or the path where it should be.
        verdict: "ok", "wrong" or "missing".
        fault: what is wrong with the file; "" if nothing is.
    """

    path: Path
    verdict: Literal["ok", "wrong", "missing"]
    fault: str = ""


def locate(dataset: Dataset, root: Path) -> list[Path]:
    """Return the paths of the files of the data set, in the first form that is complete; [] if no form is complete.

    Raises:
        UserError: a folder cannot be read.
    """
    for form in _forms(dataset):
        found = _find(dataset, root, form)
        if len(found) == len(form):
            return list(found.values())
    return []


def missing_files(dataset: Dataset, root: Path) -> list[str]:
    """Return the names of the published files that do not exist; [] if another form of the data set is complete.

    Raises:
        UserError: a folder cannot be read.
    """
    if locate(dataset, root):
        return []
    found = _find(dataset, root, next(_forms(dataset)))
    return [file.name for file in dataset.files if file.name not in found]


def verify(dataset: Dataset, root: Path, report: ReportProgress) -> Iterator[Finding]:
    """Check every existing file of the data set, in all its forms, and yield also the missing files.

    Raises:
        UserError: a folder cannot be read.
    """
    for form in _forms(dataset):
        for name, path in _find(dataset, root, form).items():
            fault = _fault(path, form[name], report)
            yield Finding(path, "wrong" if fault else "ok", fault)
    for name in missing_files(dataset, root):
        yield Finding(root / dataset.folders[0] / name, "missing")


def _forms(dataset: Dataset) -> Iterator[Mapping[str, Check]]:
    """Yield {path: check} of the published files, and then of each alternative form."""
    yield {file.name: file.checksum for file in dataset.files}
    yield from dataset.alternatives


def _find(dataset: Dataset, root: Path, form: Mapping[str, Check]) -> dict[str, Path]:
    """Return {name: path} of the files of a form that exist. The first folder that has a file counts."""
    found = {}
    for name in form:
        for folder in dataset.folders:
            path = root / folder / name
            with report_read_errors(path):
                if path.exists():
                    found[name] = path
                    break
    return found


def _fault(path: Path, check: Check, report: ReportProgress) -> str:
    """Return what is wrong with a file or a folder; "" if nothing is."""
    report(f"checking {path.name}", 0, 0)
    if not isinstance(check, str):
        try:
            check(path)
        except UserError as error:
            return str(error)
        return ""
    algorithm = DIGESTS[len(check)]
    digest = hashlib.new(algorithm, usedforsecurity=False)
    done = 0
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            while data := file.read(CHUNK_BYTES):
                digest.update(data)
                done += len(data)
                report(f"checking {path.name}", done, size)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    return "" if digest.hexdigest() == check else f"its {algorithm} is {digest.hexdigest()}, not {check}"
