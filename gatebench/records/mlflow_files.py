"""The files of a run in MLflow, as bytes."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from mlflow.tracking import MlflowClient

from gatebench.errors import UserError

LARGEST_FILE = 64 * 2**20
"""The largest number of bytes that `read_file` reads."""


def write_files(client: MlflowClient, run: str, files: Mapping[str, bytes]) -> None:
    """Write files to a run. A name may have folders, for example "pictures/curves.svg"."""
    with TemporaryDirectory(prefix="gatebench-") as folder:
        for name, content in files.items():
            path = _checked(name)
            local = Path(folder, path.name)
            local.write_bytes(content)
            client.log_artifact(run, str(local), str(path.parent) if path.parent.parts else None)


def read_file(client: MlflowClient, run: str, name: str) -> bytes | None:
    """Return the content of a file of a run; None if the run has no such file. Nothing in it is executed.

    Raises:
        UserError: the file is larger than `LARGEST_FILE`.
    """
    path = _checked(name)
    folder = str(path.parent) if path.parent.parts else None
    sizes = {file.path: file.file_size for file in client.list_artifacts(run, folder) if not file.is_dir}
    if str(path) not in sizes:
        return None
    _check_size(name, sizes[str(path)] or 0)
    with TemporaryDirectory(prefix="gatebench-") as target:
        local = Path(client.download_artifacts(run, str(path), target))
        _check_size(name, local.stat().st_size)
        return local.read_bytes()


def _check_size(name: str, size: int) -> None:
    if size > LARGEST_FILE:
        raise UserError(f"The file {name} in the records has {size:,} bytes; at most {LARGEST_FILE:,} are read.")


def _checked(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts:
        raise ValueError(f"{name!r} is not the name of a file of a run")
    return path
