"""The common part of the tasks that classify the user's files, which are in a folder with a folder for each class."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gatebench.errors import UserError, out_of_range
from gatebench.task import Metric, Task
from tasks.blocks.own_parts import OwnExamples, check_shares, split_labelled
from tasks.blocks.validation import make_floats
from tasks.data.class_folder import ClassFile, check_group_pattern, folder_digest, group_of, list_class_files
from tasks.data.own_file import own_folder, own_name

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ClassFolderTask(Task):
    """Classification of the user's files. N examples.

    Attributes:
        path: the folder, relative to the working directory. It may have the folders train, val and test above the class
            folders.
        group: a regular expression for the names of the files. What it finds, for example a person, is in one part
            only. None: only equal examples are kept together.
        validation: the share of the examples for validation.
        test: the share of the examples for test.
        split_seed: the seed of the split.
    """

    metrics = (Metric("accuracy", "max", low=0, high=1),)
    licence = "the user's own"
    suffixes: ClassVar[tuple[str, ...]]
    """The ends of the names of the files that are read, in lower case."""
    kind: ClassVar[str]
    """An example in messages, for example "an image"."""

    path: str | None = None
    group: str | None = None
    validation: float = 0.1
    test: float = 0.2
    split_seed: int = 0

    def __post_init__(self) -> None:
        if self.path is not None and not (isinstance(self.path, str) and self.path):
            raise out_of_range("task.path", self.path, "the name of a folder, or null")
        check_group_pattern(self.group)
        check_shares(self.validation, self.test, self.split_seed)
        make_floats(self, "validation", "test")

    @cached_property
    def chance(self) -> float:  # type: ignore[override]
        """The accuracy of a guess if all classes are equally probable; of two classes as long as there is no path."""
        return 0.5 if self.path is None else 1 / len(self.answers)

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """The classes in ascending order; none as long as there is no path."""
        return () if self.path is None else tuple(sorted({file.label for file in self.files}))

    def parameters(self) -> dict[str, Any]:
        """Return the fields, with the path reduced to its last part: its place does not enter a digest."""
        return {**super().parameters(), "path": self.path and own_name(self.path)}

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of the names and contents of all files of the folder."""
        return {own_name(self._path()): folder_digest(self.files)}

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (the files are needed anyway)
        """Check that the folder exists."""
        own_folder(self._path(), "a folder with a folder for each class")

    @cached_property
    def files(self) -> tuple[ClassFile, ...]:
        """The files in ascending order of their names."""
        return list_class_files(self._path(), self.suffixes, self.kind)

    @property
    def examples(self) -> tuple[ClassFile, ...]:
        """The N examples: the files, unless an example has several of them."""
        return self.files

    def parts(self, copies: Sequence[Hashable]) -> tuple[list[int], ...]:
        """Return the indices of the training, validation and test examples.

        Args:
            copies: (N,) a key of each example that equal examples share.

        Raises:
            UserError: a part has no example, a class has no training example, or a name has no group.
        """
        files = self.examples
        data = OwnExamples(
            [file.label for file in files],
            copies,
            lambda number: files[number].name,
            None if files[0].part is None else [str(file.part) for file in files],
            None if self.group is None else [group_of(file, self.group) for file in files],
        )
        return split_labelled(data, self.validation, self.test, self.split_seed)

    def labels(self) -> Tensor:
        """Return (N,) the number of the class of each example."""
        import torch

        numbers = {label: number for number, label in enumerate(self.answers)}
        return torch.tensor([numbers[file.label] for file in self.examples])

    def _path(self) -> str:
        """Return the user's path.

        Raises:
            UserError: it is null.
        """
        if self.path is None:
            raise UserError("task.path is null; it must name a folder with a folder of files for each class.")
        return self.path
