"""The home: the one folder that a run writes into, and the lock that keeps a second driver out of it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from gatebench.errors import UserError


@dataclass(frozen=True)
class Home:
    """Where everything that gatebench writes lies. Nothing is created before `lock`."""

    root: Path

    @property
    def database(self) -> Path:
        """MLflow's sqlite file."""
        return self.root / "mlflow.db"

    @property
    def tracking_uri(self) -> str:
        """Where the records lie unless a config says otherwise."""
        return f"sqlite:///{self.database.absolute()}"

    @property
    def artifacts(self) -> Path:
        """The files of the runs: configs, equations."""
        return self.root / "artifacts"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Create the folder if need be, and hold it for one process until the end of the block.

        The system lets go of the lock however the process ends, so a killed driver leaves nothing to clean up.

        Raises:
            UserError: the folder cannot be written to, or another process holds it.
        """
        with self._open_lock() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = file.read().strip() or "another process"
                raise UserError(
                    f"The folder {self.root} is in use by {holder}; wait for it, or set home=… to another folder."
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()}")
            file.flush()
            yield
            file.truncate(0)

    def _open_lock(self) -> TextIO:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            return os.fdopen(os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o644), "r+", encoding="utf-8")
        except FileExistsError:
            raise UserError(f"The home {self.root} is a file; it must be a folder.") from None
        except OSError as error:
            raise UserError(f"The folder {self.root} cannot be written to: {error.strerror or error}.") from None
