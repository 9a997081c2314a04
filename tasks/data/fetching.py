"""Bring a data set from its official home: what is missing of it, once, however many ask at a time."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gatebench.errors import UserError
from tasks.data.datasets import Dataset, File
from tasks.data.downloading import Unreachable, download
from tasks.data.local_files import ReportProgress, examine, missing
from tasks.data.locks import hold_lock


def fetch(dataset: Dataset, root: Path, watch: ReportProgress) -> bool:
    """Fetch what is missing of a data set; return whether anything was, and was not brought by another fetch meanwhile.

    What is there already is verified and left alone.

    Args:
        dataset: what to fetch.
        root: the data root; it is made if need be.
        watch: is told how far it is.

    Raises:
        UserError: a file is there and is not the published one, it must be put there by hand, its home cannot be
            reached or sends something else, or the folder cannot be written to.
    """
    if _is_complete(dataset, root, watch):
        return False
    folder = root / dataset.folders[0]
    if dataset.by_hand:
        names = ", ".join(missing(dataset, root))
        raise UserError(
            f"{dataset.name} cannot be fetched. {dataset.note} By hand, {names} ({dataset.home}) go to {folder}."
        )
    with _alone(folder, dataset.name, watch):
        left = missing(dataset, root)  # another process may have been quicker
        for file in dataset.files:
            if file.name in left:
                _fetch_file(file, folder, watch)
    return bool(left)


def _is_complete(dataset: Dataset, root: Path, watch: ReportProgress) -> bool:
    """Return whether all is there; refuse what is not as published."""
    findings = list(examine(dataset, root, watch))
    for finding in findings:
        if finding.verdict == "wrong":
            raise UserError(f"{finding.place} is not as published ({finding.why}); move it away, then fetch again.")
    return all(finding.verdict == "ok" for finding in findings)


def _fetch_file(file: File, folder: Path, watch: ReportProgress) -> None:
    target = folder / file.name
    try:
        download(file, target, lambda done: watch(f"fetching {file.name}", done, file.size))
    except Unreachable as error:
        raise UserError(f"{error} By hand, it goes to {target}.") from None


@contextmanager
def _alone(folder: Path, name: str, watch: ReportProgress) -> Iterator[None]:
    """Make the folder if need be, and hold it for one fetch of the data set of this name until the end of the block."""
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = hold_lock(folder / f".{name}.lock", lambda: watch(f"waiting for another fetch of {name}", 0, 0))
            stack.enter_context(lock)
        except OSError as error:
            raise UserError(f"The folder {folder} cannot be written to: {error.strerror or error}.") from None
        yield
