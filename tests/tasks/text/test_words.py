from pathlib import Path

import pytest
import torch
from torch import Tensor

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Task
from tasks.data.files import MissingFile
from tasks.text.words import NextWord

LINE = "the cat sees the dog\nthe dog sees <unk>\n\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, count in {"train": 40, "valid": 3, "test": 5}.items():
        (tmp_path / f"ptb.{name}.txt").write_text(LINE * count, encoding="utf-8")
    return tmp_path


def sizes(task: Task) -> list[int]:
    problem = task.load(Path())
    return [int(split.lengths.sum()) for split in (problem.train, problem.val, problem.test)]  # type: ignore[union-attr]


def test_a_folder_has_the_files_of_the_treebank(folder: Path) -> None:
    task = NextWord(str(folder), length=7)
    assert sizes(task) == [40 * 11 - 1, 32, 54]
    problem = task.load(Path())
    assert task.example(problem, 0, Path()).view.words[:6] == ("the", "cat", "sees", "the", "dog", "<eos>")  # type: ignore[union-attr]
    assert task.checksums().keys() == {"ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"}
    assert task.parameters()["path"] == folder.name
    unigram, ngram = problem.baselines().values()
    assert 1 <= ngram < unigram < 10
    assert "samples.txt" in problem.artifacts(_uniform, 0).files  # type: ignore[arg-type]


def _uniform(batch: Batch) -> Tensor:
    return torch.zeros(*batch.x.shape, 6)


def test_a_text_file_is_cut_into_its_parts(folder: Path) -> None:
    file = folder / "ptb.train.txt"
    assert sizes(NextWord(str(file), validation=0.1, test=0.2)) == [307, 43, 87]  # 440 words


def test_the_chance_is_that_of_the_words_of_the_training_part(folder: Path) -> None:
    assert NextWord(str(folder)).chance == 6  # the, cat, sees, dog, <eos>, <unk>
    assert NextWord(str(folder), vocabulary=4).chance == 4
    assert NextWord().chance == 10_000


def test_rare_words_are_unknown(folder: Path) -> None:
    problem = NextWord(str(folder), vocabulary=4, embedding=3).load(Path())
    assert problem.head(5, 1).linear.out_features == 4  # type: ignore[union-attr]
    task = NextWord(str(folder))
    example = task.own_example(task.load(Path()), OwnInput("the bird sees"), Path())
    assert example.view.words == ("the", "bird", "sees")  # type: ignore[union-attr]
    assert example.batch.inputs[1] == 1
    with pytest.raises(UserError, match="Your text has no word"):
        task.own_example(task.load(Path()), OwnInput(" \n"), Path())


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task\.path is null; it must name a text file, or a folder with"):
        NextWord().checksums()
    with pytest.raises(MissingFile, match=r"There is no train\.txt or ptb\.train\.txt in"):
        NextWord(str(tmp_path)).check_files(tmp_path)
    (tmp_path / "train.txt").write_text(LINE, encoding="utf-8")
    with pytest.raises(MissingFile, match=r"There is no file .*valid\.txt"):
        NextWord(str(tmp_path)).check_files(tmp_path)
    with pytest.raises(UserError, match="the name of a folder or a text file, or null"):
        NextWord("")
