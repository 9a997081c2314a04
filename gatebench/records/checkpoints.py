"""The last checkpoint of each trial that has not ended, as a file in the home."""

import hashlib
import os
import re
import sys
from contextlib import suppress
from pathlib import Path

from gatebench.errors import UserError
from gatebench.records.home import Home

_MAGIC = b"gatebench checkpoint 1\n"


class Checkpoints:
    """The checkpoints below `HOME/checkpoints`, one file a trial.

    A file is replaced as a whole: after a crash at any moment it has the old content or the new one. It begins with a
    SHA-256 of the content, so that a damaged file is found. The content is only kept; `gatebench.training` packs it.

    Args:
        home: the home.
    """

    def __init__(self, home: Home) -> None:
        self._folder = home.root / "checkpoints"

    def save(self, digest: str, content: bytes) -> None:
        """Keep the content as the checkpoint of a trial, in place of an earlier one.

        Args:
            digest: the digest of the trial.
            content: the content.

        Raises:
            UserError: the file cannot be written, for example because the disk is full. The earlier one is kept.
        """
        file = self._file(digest)
        part = file.with_name(f"{digest}.{os.getpid()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as opened:
                opened.write(_MAGIC + hashlib.sha256(content).digest())
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(file)
            self._sync_folder()
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise UserError(f"The checkpoint {file} cannot be written: {error.strerror or error}.") from None

    def load(self, digest: str) -> bytes | None:
        """Return the content of a trial's checkpoint; None if there is none.

        A damaged file is reported in one sentence on stderr, and None is returned: the trial then begins anew.

        Args:
            digest: the digest of the trial.
        """
        file = self._file(digest)
        try:
            stored = file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _tell(f"The checkpoint {file} cannot be read ({error.strerror or error})")
            return None
        start = len(_MAGIC) + hashlib.sha256().digest_size
        content = stored[start:]
        if stored[:start] != _MAGIC + hashlib.sha256(content).digest():
            _tell(f"The checkpoint {file} is damaged")
            return None
        return content

    def remove(self, digest: str) -> None:
        """Remove a trial's checkpoint, if there is one, and what killed processes have left of it.

        Args:
            digest: the digest of the trial.
        """
        self._file(digest).unlink(missing_ok=True)
        for part in self._folder.glob(f"{digest}.*.part"):
            part.unlink(missing_ok=True)

    def _file(self, digest: str) -> Path:
        """Return the file of a trial. A digest from elsewhere cannot name a file outside of the folder."""
        if not re.fullmatch(r"[0-9a-f]{1,64}", digest):
            raise ValueError(f"{digest!r} is not the digest of a trial")
        return self._folder / f"{digest}.checkpoint"

    def _sync_folder(self) -> None:
        """Write the folder's entry of the new file to the disk. Windows cannot open folders and does not need it."""
        if os.name == "posix":
            descriptor = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _tell(problem: str) -> None:
    print(f"{problem}; the trial begins at its first step.", file=sys.stderr)
