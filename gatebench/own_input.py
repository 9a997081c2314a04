"""An input that a user gives to a trained network, in place of an example of the task."""

from dataclasses import dataclass
from pathlib import Path

from gatebench.errors import UserError

LARGEST_INPUT = 100 * 2**20
"""The largest number of bytes of a user's file."""


@dataclass(frozen=True)
class OwnInput:
    """An input that a user gives: a text or a file.

    Attributes:
        text: the text; None if there is a file.
        file: the file; None if there is a text.
    """

    text: str | None = None
    file: Path | None = None

    @property
    def key(self) -> str:
        """The setting that gave the input: "text" or "file"."""
        return "file" if self.text is None else "text"

    def read_text(self) -> str:
        """Return the text, or the content of the text file.

        Raises:
            UserError: the file cannot be read, or is not UTF-8.
        """
        if self.text is not None:
            return self.text
        try:
            return self.read_bytes().decode()
        except UnicodeDecodeError:
            raise UserError(f"{self.file} is no text in UTF-8.") from None

    def read_bytes(self) -> bytes:
        """Return the content of the file.

        Raises:
            UserError: there is no file, it cannot be read, or it has more than `LARGEST_INPUT` bytes.
        """
        file = self.given_file()
        try:
            if (size := file.stat().st_size) > LARGEST_INPUT:
                raise UserError(f"{file} has {size:,} bytes; at most {LARGEST_INPUT:,} are read.")
            return file.read_bytes()
        except OSError as error:
            raise UserError(f"{file} cannot be read: {error.strerror}.") from None

    def given_file(self) -> Path:
        """Return the file.

        Raises:
            UserError: there is a text and no file.
        """
        if self.file is None:
            raise UserError("This task reads a file and no text; use file=PATH.")
        return self.file
