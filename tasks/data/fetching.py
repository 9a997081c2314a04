"""Fetch the missing files of a data set from its publisher. Simultaneous fetches download each file only once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gatebench.errors import UserError
from tasks.data.datasets import Dataset, File
from tasks.data.downloading import Unreachable, download
from tasks.data.local_files import ReportProgress, missing_files, verify
from tasks.data.locks import hold_lock


def fetch(dataset: Dataset, root: Path, report: ReportProgress) -> bool:
    """Fetch the missing files of a data set and return whether this call downloaded any.

    Files that exist are verified and left unchanged.

    Args:
        dataset: the data set.
        root: the data root; it is created if necessary.
        report: is called with the progress.

    Raises:
        UserError: an existing file is not the published one, a file must be downloaded by hand, the server cannot be
            reached or sends another file, or the folder cannot be written to.
    """
    if _is_complete(dataset, root, report):
        return False
    folder = root / dataset.folders[0]
    if dataset.needs_manual_download:
        names = ", ".join(missing_files(dataset, root))
        raise UserError(
            f"{dataset.name} cannot be fetched. {dataset.note} "
            f"Download {names} from {dataset.source_url} by hand and put it into {folder}."
        )
    with _locked_folder(folder, dataset.name, report):
        names_to_fetch = missing_files(dataset, root)  # another process may have fetched some in the meantime
        for file in dataset.files:
            if file.name in names_to_fetch:
                _fetch_file(file, folder, report)
    return bool(names_to_fetch)


def _is_complete(dataset: Dataset, root: Path, report: ReportProgress) -> bool:
    """Return whether all files exist and are correct; raise `UserError` if one of them is wrong."""
    findings = list(verify(dataset, root, report))
    for finding in findings:
        if finding.verdict == "wrong":
            raise UserError(
                f"{finding.path} is not the published file ({finding.fault}); move it away, then fetch again."
            )
    return all(finding.verdict == "ok" for finding in findings)


def _fetch_file(file: File, folder: Path, report: ReportProgress) -> None:
    target = folder / file.name
    try:
        download(file, target, lambda done: report(f"fetching {file.name}", done, file.size))
    except Unreachable as error:
        raise UserError(f"{error} If you download it by hand, put it at {target}.") from None


@contextmanager
def _locked_folder(folder: Path, name: str, report: ReportProgress) -> Iterator[None]:
    """Create the folder if necessary, and lock it for one fetch of the data set `name` until the end of the block."""
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = hold_lock(folder / f".{name}.lock", lambda: report(f"waiting for another fetch of {name}", 0, 0))
            stack.enter_context(lock)
        except OSError as error:
            raise UserError(f"The folder {folder} cannot be written to: {error.strerror or error}.") from None
        yield
