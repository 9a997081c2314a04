"""The versions of the code that runs trials: those of a worker must equal those of the driver."""

import hashlib
import platform
import socket
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

_PACKAGES = ("gatebench", "tasks", "launch", "conf")
_SUFFIXES = (".py", ".c", ".yaml")


@dataclass(frozen=True)
class CodeVersions:
    """The versions of the code on one machine.

    Attributes:
        python: the version of Python.
        torch: the version of PyTorch.
        lightning: the version of PyTorch Lightning.
        gatebench: the version of gatebench.
        sources: the first 12 hex digits of the SHA-256 of gatebench's source files.
    """

    python: str
    torch: str
    lightning: str
    gatebench: str
    sources: str


_TITLES = {
    "python": "Python",
    "torch": "torch",
    "lightning": "pytorch-lightning",
    "gatebench": "gatebench",
    "sources": "the source files of gatebench, as a checksum,",
}


@cache
def code_versions() -> CodeVersions:
    """Return the versions of the code of this process. They are found without an import."""
    return CodeVersions(
        python=platform.python_version(),
        torch=version("torch"),
        lightning=version("pytorch-lightning"),
        gatebench=version("gatebench"),
        sources=_checksum(),
    )


def difference(driver: CodeVersions, worker: CodeVersions) -> str | None:
    """Return the sentence that tells the first difference between the driver and this machine; None if there is none.

    Args:
        driver: the versions on the machine of the driver.
        worker: the versions on this machine.
    """
    for field in fields(CodeVersions):
        ours, theirs = getattr(worker, field.name), getattr(driver, field.name)
        if ours != theirs:
            return (
                f"{_TITLES[field.name]} differs: {ours} on the worker {socket.gethostname()}, {theirs} where the sweep "
                "was started; install the same version on both."
            )
    return None


def _checksum() -> str:
    total = hashlib.sha256()
    for name, path in _sources():
        total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()[:12]


def _sources() -> Iterator[tuple[str, Path]]:
    """Yield the names and paths of gatebench's source files, in the order of their names."""
    for package in _PACKAGES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            root = Path(folder)
            for path in sorted(root.rglob("*")):
                if path.suffix in _SUFFIXES and path.is_file():
                    yield f"{package}/{path.relative_to(root).as_posix()}", path
