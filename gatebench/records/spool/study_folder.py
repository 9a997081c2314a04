"""The folder of a study in the spool: the attempts that wait for the store, and the journals of those that are in it.

study.json   the name of the study, the address of the store, and the declaration of the study
open/…       a folder for each attempt that runs, or that is not in the store yet
done/…       a compact journal for each attempt that is in the store
drain.lock   held by the process that brings the attempts into the store
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.spool.attempt_folder import AttemptFolder
from gatebench.records.spool.header import check_attempt, is_attempt

HOME_STORE = "home"
"""The name that stands for the sqlite file in the home, so that a home can be moved."""

_LARGEST = 2**20


class StudyFolder:
    """The folder of one study that is recorded in one store.

    Args:
        home: the home.
        study: the name of the study.
        store: the address of the store without credentials; that of the sqlite file in the home becomes "home".

    Attributes:
        home: the home.
        study: the name of the study.
        store: the address of the store, or "home".
        path: the path of the folder.
    """

    def __init__(self, home: Home, study: str, store: str) -> None:
        self.home = home
        self.study = study
        self.store = HOME_STORE if store == home.tracking_uri else store
        self.path = home.spool / _folder_name(study, self.store)

    @property
    def open(self) -> Path:
        """The folder of the attempts that are not in the store."""
        return self.path / "open"

    @property
    def done(self) -> Path:
        """The folder of the compact journals."""
        return self.path / "done"

    @property
    def lock(self) -> Path:
        """The file that the draining process locks."""
        return self.path / "drain.lock"

    @property
    def declaration(self) -> str | None:
        """The declaration of the study as text; None if none was kept."""
        text = _read_description(self.path).get("declaration")
        return text if isinstance(text, str) else None

    def create(self, declaration: str | None = None) -> None:
        """Create the folder if it does not exist, and keep the declaration of the study.

        Args:
            declaration: the declaration; None: the one that is kept stays.

        Raises:
            UserError: the folder cannot be written to.
        """
        declaration = self.declaration if declaration is None else declaration
        content = {"study": self.study, "store": self.store, "declaration": declaration}
        try:
            self.open.mkdir(parents=True, exist_ok=True)
            self.done.mkdir(exist_ok=True)
            if _read_description(self.path) != content:
                part = self.path / f"study.{os.getpid()}.part"
                part.write_text(json.dumps(content), encoding="utf-8")
                part.replace(self.path / "study.json")
        except OSError as error:
            raise UserError(f"The spool {self.path} cannot be written to: {error.strerror or error}.") from None

    def attempt(self, attempt: str) -> AttemptFolder:
        """Return the folder of an attempt that is not in the store."""
        return AttemptFolder(self.open / check_attempt(attempt))

    def attempts(self) -> list[AttemptFolder]:
        """Return the folders of the attempts that are not in the store, in the order of their names.

        Symbolic links and other names are left out.
        """
        try:
            with os.scandir(self.open) as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        return [AttemptFolder(self.open / name) for name in sorted(names) if is_attempt(name)]

    def compact_journals(self) -> Iterator[Path]:
        """Yield the compact journals of the attempts that are in the store."""
        if self.done.is_dir():
            yield from sorted(path for path in self.done.iterdir() if path.is_file() and is_attempt(path.name))


def study_folders(home: Home) -> list[StudyFolder]:
    """Return the folders of all studies in the spool of a home. Folders whose description is damaged are left out."""
    folders = []
    for path in sorted(home.spool.iterdir()) if home.spool.is_dir() else []:
        description = _read_description(path)
        study, store = description.get("study"), description.get("store")
        if isinstance(study, str) and isinstance(store, str):
            folder = StudyFolder(home, study, store)
            if folder.path == path and not path.is_symlink():
                folders.append(folder)
    return folders


def _folder_name(study: str, store: str) -> str:
    """Return the name of the folder: letters of the study's name, and a checksum that tells studies apart."""
    checksum = hashlib.sha256(json.dumps([study, store]).encode()).hexdigest()[:12]
    return f"{re.sub(r'[^a-zA-Z0-9_-]+', '_', study)[:40]}-{checksum}"


def _read_description(path: Path) -> dict[str, object]:
    file = path / "study.json"
    try:
        if file.is_symlink() or file.stat().st_size > _LARGEST:
            return {}
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
