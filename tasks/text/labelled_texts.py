"""Texts with labels in the user's files: a table in CSV or TSV, or a folder with a folder for each class."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gatebench.errors import UserError, unknown
from tasks.data.class_folder import PART_NAMES, ClassFile, group_of, list_class_files
from tasks.data.files import read_file
from tasks.data.own_file import own_file, own_text

MAX_SHOWN = 40  # the number of characters of a faulty cell in a message
SUFFIXES = (".txt",)


@dataclass(frozen=True)
class TextColumns:
    """How to read a table of texts.

    Attributes:
        text: the name of the column of texts.
        label: the name of the column of labels.
        split: the name of the column of parts; None: the file has none.
        group: the name of the column of groups; None: the file has none.
        header: whether the first line names the columns. If not, there are two columns: text and label.
    """

    text: str
    label: str
    split: str | None
    group: str | None
    header: bool


@dataclass(frozen=True)
class LabelledTexts:
    """Texts of the user with their labels. N texts.

    Attributes:
        texts: (N,) the texts.
        labels: (N,) the labels.
        places: (N,) the file and the line of each text, for messages.
        parts: (N,) "train", "val" or "test"; None if the user gives no parts.
        groups: (N,) the groups; None if the user gives none.
    """

    texts: list[str]
    labels: list[str]
    places: list[str]
    parts: list[str] | None
    groups: list[str] | None


def list_texts(path: str) -> tuple[ClassFile, ...]:
    """Return the text files in the class folders of a folder; for errors see `list_class_files`."""
    return list_class_files(path, SUFFIXES, "a text")


def read_text_folder(path: str, group: str | None) -> LabelledTexts:
    """Return the texts of a folder with a folder for each class, one text a file.

    Args:
        path: the folder.
        group: a regular expression for the names of the files; None: no groups.

    Raises:
        UserError: see `list_class_files`; or a file is not UTF-8, or a name has no group.
    """
    files = list_texts(path)
    return LabelledTexts(
        [own_text(read_file(file.path), str(file.path)) for file in files],
        [file.label for file in files],
        [file.name for file in files],
        None if files[0].part is None else [str(file.part) for file in files],
        None if group is None else [group_of(file, group) for file in files],
    )


def read_text_table(path: str, table: TextColumns) -> LabelledTexts:
    """Return the texts of a CSV file, or of a TSV file if the name does not end in .csv.

    The cells of a TSV file are the characters between two tabs: quotation marks have no meaning.

    Raises:
        UserError: the file is not UTF-8 or no table, lacks a column, or has a faulty row; the message names the line.
        MissingFile: there is no such file.
    """
    name = Path(path).name
    rows = _rows(own_file(path, "a CSV or TSV file, or a folder with a folder for each class"), path)
    columns = _header(next(rows, (0, []))[1], name, table) if table.header else ["text", "label"]
    given = {
        "text": table.text if table.header else "text",
        "label": table.label if table.header else "label",
        "split": table.split,
        "group": table.group,
    }
    indices = {kind: columns.index(column) for kind, column in given.items() if column is not None}
    found: dict[str, list[str]] = {kind: [] for kind in given}
    places = []
    for line, cells in rows:
        if len(cells) != len(columns):
            raise UserError(f"{name}, line {line}, has {_count(len(cells))}; it must have {len(columns)}.")
        for kind, index in indices.items():
            found[kind].append(_cell(cells[index], kind, columns[index], f"{name}, line {line},"))
        places.append(f"{name}, line {line}")
    if not places:
        raise UserError(f"{name} has no row below its first line." if table.header else f"{name} has no row.")
    return LabelledTexts(
        found["text"],
        found["label"],
        places,
        found["split"] if "split" in indices else None,
        found["group"] if "group" in indices else None,
    )


def _rows(text: str, path: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the last line and the cells of each row that is not empty."""
    if path.lower().endswith(".csv"):
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        first = 1  # the first line of the row that is read
        try:
            for cells in reader:
                first = reader.line_num + 1
                if cells:
                    yield reader.line_num, cells
        except csv.Error as error:
            raise UserError(f"{path}, the row that begins in line {first}, is not CSV: {error}.") from None
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip("\r"):
            yield number, line.removesuffix("\r").split("\t")


def _header(cells: list[str], name: str, table: TextColumns) -> list[str]:
    """Return the names of the columns after checking that the needed ones exist once."""
    columns = [cell.strip() for cell in cells]
    settings = {
        "text_column": table.text,
        "label_column": table.label,
        "split_column": table.split,
        "group": table.group,
    }
    for setting, column in settings.items():
        if column is None:
            continue
        if column not in columns:
            shown = [each[:MAX_SHOWN] for each in columns]
            if len(cells) == 1 and ";" in cells[0]:
                needed = "commas" if name.lower().endswith(".csv") else "tabs"
                raise UserError(
                    f"The columns of {name} are separated by semicolons; they must be separated by {needed}."
                )
            wrong = unknown("column", column, shown, where=f"in line 1 of {name}")
            raise UserError(f"{str(wrong)[:-1]}; set task.{setting}, or task.header=false if line 1 names no columns.")
        if columns.count(column) > 1:
            raise UserError(f"{name} has two columns called {column!r}.")
    return columns


def _cell(text: str, kind: str, column: str, place: str) -> str:
    """Return the content of a cell; the name of a part in one spelling."""
    text = text.strip()
    if not text:
        raise UserError(f"{place} has nothing in the column {column!r}.")
    if kind == "split":
        if text.lower() not in PART_NAMES:
            raise UserError(f"{place} has {text[:MAX_SHOWN]!r} in the column {column!r}; allowed: train, val, test.")
        return PART_NAMES[text.lower()]
    return text


def _count(cells: int) -> str:
    return "one cell" if cells == 1 else f"{cells} cells"
