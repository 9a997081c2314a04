from dataclasses import dataclass
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.task import Problem
from tasks.blocks.class_folder_task import ClassFolderTask


@dataclass(frozen=True)
class Notes(ClassFolderTask):
    """Text files."""

    title = "Notes"
    protocol = "none"
    suffixes = (".txt",)
    kind = "a note"

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        raise NotImplementedError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label in "cab":
        (tmp_path / "notes" / label).mkdir(parents=True)
        for number in range(10):
            (tmp_path / "notes" / label / f"{number % 5}.{number}.txt").write_text(f"{label}{number}", encoding="utf-8")
    return tmp_path / "notes"


def test_classes_and_parts(folder: Path) -> None:
    task = Notes(str(folder))
    assert task.answers == ("a", "b", "c")
    assert task.chance == 1 / 3
    assert task.labels().tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert [len(part) for part in task.parts(range(30))] == [21, 3, 6]
    assert task.parameters()["path"] == "notes"
    assert Notes(f"{folder}/").checksums() == task.checksums()


def test_groups_are_found_in_the_names(folder: Path) -> None:
    task = Notes(str(folder), group="^[0-9]")
    groups = [{task.files[index].name[2] for index in part} for part in task.parts(range(30))]
    assert sum(map(len, groups)) == 5


def test_without_a_path_there_are_no_classes() -> None:
    assert Notes().answers == ()
    assert Notes().chance == 0.5
    with pytest.raises(UserError, match=r"task\.path is null; it must name a folder with a folder of files for each"):
        Notes().checksums()
    with pytest.raises(UserError, match=r"task\.path is ''; it must be the name of a folder, or null"):
        Notes("")
