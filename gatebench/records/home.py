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
