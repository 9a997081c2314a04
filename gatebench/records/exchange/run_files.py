"""The files of a run or a model in MLflow that an archive keeps. Files on this machine are read without MLflow."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import gatebench.records.mlflow_client  # noqa: F401  (before mlflow: it sets MLflow up)

# isort: split
from mlflow.artifacts import download_artifacts
from mlflow.tracking import MlflowClient

from gatebench.errors import UserError
from gatebench.records.address import local_folder
from gatebench.records.exchange.archive import LARGEST_FILE


def files_of_run(
    client: MlflowClient, uri: str, run: str, address: str, wanted: Callable[[str], bool]
) -> dict[str, bytes]:
    """Return the files of a run by name.

    Args:
        client: the connection to MLflow.
        uri: the address of the records.
        run: MLflow's id of the run.
        address: the address of the files of the run.
        wanted: returns whether a file is needed, given its name.

    Raises:
        UserError: a file is too large.
    """
    folder = local_folder(address)
    names = _local_names(folder) if folder is not None else _remote_names(client, run)
    return {name: file_at(uri, address, name) for name in sorted(names) if wanted(name)}


def file_at(uri: str, address: str, name: str) -> bytes:
    """Return the content of a file. Nothing in it is executed.

    Args:
        uri: the address of the records.
        address: the address of the folder of the file.
        name: the name of the file in the folder.

    Raises:
        UserError: it is too large.
    """
    if (folder := local_folder(address)) is not None:
        return _content(folder / name, name)
    with TemporaryDirectory(prefix="gatebench-") as target:
        return _content(
            Path(download_artifacts(artifact_uri=f"{address}/{name}", dst_path=target, tracking_uri=uri)), name
        )


def _local_names(folder: Path) -> Iterator[str]:
    """Yield the names of the files in a folder, and in the folders in it. Links are left out."""
    for path in folder.iterdir() if folder.is_dir() else ():
        inner = path.iterdir() if path.is_dir() and not path.is_symlink() else [path]
        yield from (one.relative_to(folder).as_posix() for one in inner if one.is_file() and not one.is_symlink())


def _remote_names(client: MlflowClient, run: str, folder: str | None = None) -> Iterator[str]:
    for file in client.list_artifacts(run, folder):
        if not file.is_dir:
            yield file.path
        elif folder is None:  # the files of a trial lie at most one folder deep
            yield from _remote_names(client, run, file.path)


def _content(path: Path, name: str) -> bytes:
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise UserError(f"The file {name} in the records has {size:,} bytes; at most {LARGEST_FILE:,} are exported.")
    return path.read_bytes()
