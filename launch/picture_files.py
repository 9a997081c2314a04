"""Where `gatebench plot` writes its pictures: a folder with both formats of each, or one file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatebench.errors import UserError, unknown
from gatebench.report.figures.file_name import file_name
from launch.config.settings import Settings

FORMATS = ("svg", "png")
"""The formats of pictures, which are also the endings of their files."""

_ENDING = re.compile(r"\.[A-Za-z]{2,4}")


@dataclass(frozen=True)
class PictureFiles:
    """The place of the pictures.

    Attributes:
        path: the folder, or the file of the only picture.
        formats: the formats of each picture.
        is_file: whether `path` is the file of the only picture.
    """

    path: Path
    formats: tuple[str, ...] = FORMATS
    is_file: bool = False

    @classmethod
    def of(cls, settings: Settings) -> PictureFiles:
        """Return the place that the settings name: file=NAME.svg, file=FOLDER, or the folder of the study in the home.

        Raises:
            UserError: the ending of the file is that of another format.
        """
        if not settings.file:
            return cls(settings.home_folder.root / "plots" / folder_name(settings.one_study))
        path = Path(settings.file).expanduser()
        if path.is_dir() or not _ENDING.fullmatch(path.suffix):
            return cls(path)
        ending = path.suffix[1:].lower()
        if ending not in FORMATS:
            raise unknown("format of pictures", ending, FORMATS)
        return cls(path, (ending,), is_file=True)

    def write(self, pictures: Mapping[str, bytes]) -> list[Path]:
        """Write the pictures and return their paths. Files of the same names are replaced.

        Args:
            pictures: {name of a file: content}.

        Raises:
            UserError: there are several pictures for one file, or a file cannot be written.
        """
        if self.is_file and len(pictures) > 1:
            raise UserError(
                f"file={self.path} is one picture, and this study has {len(pictures)} ({_short(pictures)}); name one "
                "kind with kind=…, or a folder."
            )
        paths = {self.path if self.is_file else self.path / name: content for name, content in pictures.items()}
        try:
            for path, content in paths.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        except OSError as error:
            raise UserError(f"The picture {path} cannot be written: {error.strerror or error}.") from None
        return list(paths)


def folder_name(study: str) -> str:
    """Return the name of the folder of a study. A study can be called "..", which would lie above the folder."""
    name = file_name(study)
    return name if name.strip(".") else f"study {name}"


def _short(names: Iterable[str]) -> str:
    first, *rest = names
    return f"{first}, {rest[0]}, …" if len(rest) > 1 else f"{first}, {rest[0]}"
