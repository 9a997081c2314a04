"""Classification of the user's texts, in a CSV or TSV file or in a folder with a folder for each class."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError, out_of_range
from gatebench.task import Metric
from tasks.blocks.own_parts import OwnExamples, check_shares, split_labelled
from tasks.blocks.validation import check_flag, make_floats
from tasks.data.class_folder import check_group_pattern, folder_digest
from tasks.data.files import read_file
from tasks.data.own_file import is_own_folder, own_name, own_path
from tasks.text.labelled_texts import LabelledTexts, TextColumns, list_texts, read_text_folder, read_text_table
from tasks.text.text_classification import TextClassification, Texts

if TYPE_CHECKING:
    from tasks.text.text_classification import Scores, Tally

WANTED = "a CSV or TSV file, or a folder with a folder for each class"
MOST_CLASSES = 1000


@dataclass(frozen=True)
class TextFiles(TextClassification):
    """The user's texts with two or more classes; see `TextClassification` for the parameters that are not listed.

    `tasks.text.corpus.tokenize` defines the words: letters and digits in lower case, apostrophes inside, ! and ?.

    Attributes:
        path: a CSV file, a TSV file, or a folder with a folder of .txt files for each class, relative to the working
            directory. The class folders may be in the folders train, val and test.
        text_column: the name of the column of texts.
        label_column: the name of the column of classes.
        header: whether the first line names the columns; if not, they are text and class.
        split_column: the name of a column with train, val or test for each text; None: the seed splits.
        group: the name of a column, for example of the author. No group is in two parts. For a folder: a regular
            expression for the names of the files. None: only texts with the same words are kept together.
        validation: the share of the texts for validation.
        test: the share of the texts for test.
        split_seed: the seed of the split.
    """

    title = "Texts of the user"
    metrics = (
        Metric("accuracy", "max", low=0, high=1),
        Metric("error", "min", low=0, high=1),
        Metric("macro_f1", "max", low=0, high=1),
    )
    protocol = (
        "None is published. The parts are the user's, or a seed draws 70 % for training, 10 % for validation and 20 % "
        "for test, with about the same share of each class. Texts with the same words are in one part. With "
        "task.group, no group is in two parts; without it, for example one author can be in two parts."
    )
    licence = "the user's own"

    path: str | None = None
    text_column: str = "text"
    label_column: str = "label"
    header: bool = True
    split_column: str | None = None
    group: str | None = None
    validation: float = 0.1
    test: float = 0.2
    split_seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("path", "split_column", "group"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and value):
                raise out_of_range(f"task.{name}", value, "a text, or null")
        for name in ("text_column", "label_column"):
            value = getattr(self, name)
            if not (isinstance(value, str) and value):
                raise out_of_range(f"task.{name}", value, "the name of a column")
        check_flag("header", self.header)
        named = [name for name in ("text_column", "label_column") if getattr(self, name) != getattr(TextFiles, name)]
        if not self.header and named:
            raise UserError(
                f"task.{named[0]} names a column, and task.header=false says that the columns have no names."
            )
        if not self.header and (self.split_column or self.group):
            field = "split_column" if self.split_column else "group"
            raise UserError(f"task.{field} names a column, and task.header=false says that the columns have no names.")
        check_shares(self.validation, self.test, self.split_seed)
        make_floats(self, "validation", "test")

    @cached_property
    def chance(self) -> float:  # type: ignore[override]
        """The accuracy of a guess if all classes are equally probable; of two classes as long as there is no path."""
        return 0.5 if self.path is None else 1 / len(self.answers)

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """The classes in ascending order; none as long as there is no path."""
        if self.path is None:
            return ()
        classes = tuple(sorted(set(self._labelled.labels)))
        if not 2 <= len(classes) <= MOST_CLASSES:
            had = f"one class, {classes[0]!r}" if len(classes) == 1 else f"{len(classes):,} classes"
            raise UserError(f"{self.path} has {had}; there must be 2 to {MOST_CLASSES:,}.")
        return classes

    def parameters(self) -> dict[str, Any]:
        """Return the fields, with the path reduced to its last part: its place does not enter a digest."""
        return {**super().parameters(), "path": self.path and own_name(self.path)}

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of the file, or of the names and contents of all files of the folder."""
        path = self._path()
        if is_own_folder(path):
            return {own_name(path): folder_digest(list_texts(path))}
        return {own_name(path): hashlib.sha256(read_file(own_path(path, WANTED))).hexdigest()}

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the file or the folder exists."""
        if not is_own_folder(self._path()):
            own_path(self._path(), WANTED)

    def measures(self) -> tuple[Tally, Scores]:
        """Return the counts of each class, and accuracy, error and macro F1 from them."""
        from tasks.text.many_classes import class_scores, count_classes

        classes = len(self.answers)
        return partial(count_classes, classes=classes), partial(class_scores, classes=classes)

    def read(self, root: Path, cache: Path | None) -> Texts:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the texts and split them.

        Raises:
            UserError: a file or a line is faulty, a text has no words, or a part has no example.
        """
        from tasks.text.corpus import Corpus

        classes, found = {name: number for number, name in enumerate(self.answers)}, self._labelled
        corpus = Corpus.from_texts(self.split_words(text) for text in found.texts)
        if not corpus.lengths.all():
            raise UserError(f"{found.places[int(corpus.lengths.argmin())]}: the text has no words.")
        data = OwnExamples(
            found.labels, corpus.first_copies().tolist(), found.places.__getitem__, found.parts, found.groups
        )
        parts = split_labelled(data, self.validation, self.test, self.split_seed)
        return Texts(corpus, [classes[label] for label in found.labels], *parts)

    @cached_property
    def _labelled(self) -> LabelledTexts:
        """The content of the file or of the folder."""
        path = self._path()
        if not is_own_folder(path):
            columns = (self.text_column, self.label_column, self.split_column, self.group, self.header)
            return read_text_table(path, TextColumns(*columns))
        if self.split_column is not None:
            raise UserError(
                f"task.split_column names a column, but {path} is a folder; it may have train, val and test."
            )
        check_group_pattern(self.group)
        return read_text_folder(path, self.group)

    def _path(self) -> str:
        """Return the user's path.

        Raises:
            UserError: it is null.
        """
        if self.path is None:
            raise UserError(f"task.path is null; it must name {WANTED}.")
        return self.path
