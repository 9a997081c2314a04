"""The owners of running trials: each process that runs trials has a random name and a locked file in its home.

The file home/owners/NAME.lock is locked while the process runs. The operating system releases the lock when the process
ends, also after kill -9, so that a file without a lock marks a dead owner. The name does not depend on the name of the
machine, which may change. A clean end removes the file. A file that a dead owner has left is removed by
`forget_owners`, after its runs have been closed.

The lock is that of `flock`. On a network file system it is seen by other machines if the file system supports locks.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from platform import node

from gatebench.errors import UserError
from gatebench.records.home import Home

_SUFFIX = ".lock"
_LONGEST_HOST = 64  # characters
_held: set[int] = set()  # the file descriptors of the locked files of this process


@dataclass(frozen=True)
class Owner:
    """A process that runs trials.

    Attributes:
        name: 12 random hex digits.
        host: the name of its machine, for messages only.
        process: the number of the process on that machine, for messages only.
    """

    name: str
    host: str
    process: int

    @property
    def label(self) -> str:
        """The machine and the process, for messages: "HOST, process 12"."""
        return f"{self.host}, process {self.process}"


@contextmanager
def owner_of(home: Home, store: str = "") -> Iterator[Owner]:
    """Yield a new owner for this process. Its file in the home is locked until the end of the block.

    Args:
        home: the home, which is created if it does not exist.
        store: the address without credentials of the records that the owner writes to.

    Raises:
        UserError: the home cannot be written to.
    """
    owner = Owner(secrets.token_hex(6), node()[:_LONGEST_HOST], os.getpid())
    file = _file(home, owner.name)
    descriptor = _create_locked(home, file, {"host": owner.host, "process": owner.process, "store": store})
    _held.add(descriptor)
    try:
        yield owner
        file.unlink(missing_ok=True)
    finally:
        _held.discard(descriptor)
        with suppress(OSError):
            os.close(descriptor)


def is_dead(home: Home, name: str) -> bool | None:
    """Return whether an owner of this home has ended without a clean end; None if the home has no file of it.

    Args:
        home: the home.
        name: the name of the owner.
    """
    if not (name.isascii() and name.isalnum()):  # the name comes from records, and it becomes the name of a file
        return None
    try:
        descriptor = os.open(_file(home, name), os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, so that two that look do not see each other
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def dead_owners(home: Home, store: str = "") -> list[str]:
    """Return the names of the dead owners of this home that wrote to a store, in alphabetical order.

    Args:
        home: the home.
        store: the address without credentials, as in `owner_of`.
    """
    names = sorted(file.name.removesuffix(_SUFFIX) for file in _folder(home).glob(f"*{_SUFFIX}"))
    return [name for name in names if is_dead(home, name) and _store(_file(home, name)) in ("", store)]


def forget_owners(home: Home, names: Iterable[str]) -> None:
    """Remove the files of dead owners. The files of owners that run are kept.

    Args:
        home: the home.
        names: the names of owners whose runs have been closed.
    """
    for name in names:
        if is_dead(home, name):
            with suppress(OSError):
                _file(home, name).unlink()


def _folder(home: Home) -> Path:
    return home.root / "owners"


def _file(home: Home, name: str) -> Path:
    return _folder(home) / f"{name}{_SUFFIX}"


def _store(file: Path) -> str:
    """Return the store in an owner's file; "" if the file cannot be read."""
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["store"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _create_locked(home: Home, file: Path, content: dict[str, object]) -> int:
    """Create a file that is locked before it has its name, and return its descriptor."""
    unnamed = file.with_suffix(".new")
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        file.parent.mkdir(exist_ok=True)
        descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, json.dumps(content).encode())
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(file)
        except BaseException:
            os.close(descriptor)
            unnamed.unlink(missing_ok=True)
            raise
    except FileExistsError:
        raise UserError(f"The home {home.root} is a file; it must be a folder.") from None
    except OSError as error:
        raise UserError(f"The folder {home.root} cannot be written to: {error.strerror or error}.") from None
    return descriptor


def _close_in_fork() -> None:
    """Close the locked files in a fork of this process: a fork that stays alive would hold the locks, too."""
    while _held:
        with suppress(OSError):
            os.close(_held.pop())


os.register_at_fork(after_in_child=_close_in_fork)
