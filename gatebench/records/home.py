"""The home: the one folder that gatebench writes to, and the lock that lets one process at a time use it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gatebench.errors import UserError


@dataclass(frozen=True)
class Home:
    """The folder of the records and of all other files that gatebench writes. It is created by `lock`.

    Attributes:
        root: the path of the folder.
    """

    root: Path

    @property
    def database(self) -> Path:
        """The sqlite file of MLflow."""
        return self.root / "mlflow.db"

    @property
    def tracking_uri(self) -> str:
        """The address of the records, unless a config has another one."""
        return f"sqlite:///{self.database.absolute()}"

    @property
    def artifacts(self) -> Path:
        """The folder of the runs' files: configs, equations."""
        return self.root / "artifacts"

    @property
    def spool(self) -> Path:
        """The folder of the trials that wait to be recorded, see `gatebench.records.spool`."""
        return self.root / "spool"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Create the folder if it does not exist, and lock it for this process until the end of the block.

        The operating system releases the lock when the process ends, also if it is killed.

        Raises:
            UserError: the folder cannot be written to, or another process holds the lock.
        """
        file = self.root / ".lock"
        self._acquire(lock := FileLock(file, thread_local=False, fallback_to_soft=False))
        try:
            file.write_text(f"process {os.getpid()}", encoding="utf-8")
            yield
            file.write_text("", encoding="utf-8")
        finally:
            lock.release()

    def _acquire(self, lock: FileLock) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=False)
        except Timeout:
            holder = Path(lock.lock_file).read_text(encoding="utf-8").strip() or "another process"
            raise UserError(
                f"The folder {self.root} is in use by {holder}; wait for it, or set home=… to another folder."
            ) from None
        except FileExistsError:
            raise UserError(f"The home {self.root} is a file; it must be a folder.") from None
        except OSError as error:
            raise UserError(f"The folder {self.root} cannot be written to: {error.strerror or error}.") from None
