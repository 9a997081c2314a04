from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from tasks.data.files import MissingFile
from tasks.text.text_files import TextFiles
from tests.tasks.answers import everything, oracle, scores_of

ROWS = [(f"a{n % 7} b{n} {'good' if n % 3 else 'bad'}", "yes" if n % 3 else "no") for n in range(30)]


def write(path: Path, lines: list[str]) -> str:
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def table(tmp_path: Path) -> str:
    lines = [f"{text}\t{label}\tauthor{n // 5}" for n, (text, label) in enumerate(ROWS)]
    return write(tmp_path / "texts.tsv", ["text\tlabel\tauthor", *lines])


def test_the_seed_splits_each_class(table: str) -> None:
    task = TextFiles(path=table)
    problem = task.load(Path())
    assert task.answers == ("no", "yes")
    assert task.chance == 0.5
    counted = [everything(split).y.bincount().tolist() for split in (problem.train, problem.val, problem.test)]
    assert counted == [[7, 14], [1, 2], [2, 4]]
    assert TextFiles(path=table, split_seed=1).read(Path(), None).test != task.read(Path(), None).test
    batch = everything(problem.test)
    scores = scores_of(problem, oracle(batch, torch.zeros(6, 2)), batch)
    assert scores == {"accuracy": 1, "error": 0, "macro_f1": 1}


def test_no_group_is_in_two_parts(table: str) -> None:
    texts = TextFiles(path=table, group="author", validation=0.2).read(Path(), None)
    authors = [{number // 5 for number in part} for part in (texts.train, texts.val, texts.test)]
    assert sum(map(len, authors)) == 6
    assert set.union(*authors) == set(range(6))


def test_texts_with_the_same_words_are_in_one_part(tmp_path: Path) -> None:
    lines = [f"{'Great' if n % 2 else 'poor'} number {n // 4}!,{'ab'[n % 2]}" for n in range(80)]
    texts = TextFiles(path=write(tmp_path / "copies.csv", ["text,label", *lines])).read(Path(), None)
    assert len(texts.test) == 16
    for part in (texts.train, texts.val, texts.test):
        assert {number + 2 if number % 4 < 2 else number - 2 for number in part} == set(part)


def test_the_parts_of_the_user_are_taken(tmp_path: Path) -> None:
    parts = ["train", "dev", "test", "Training"]
    lines = [f"{text},{label},{parts[n % 4]}" for n, (text, label) in enumerate(ROWS)]
    path = write(tmp_path / "texts.csv", ["text,label,part", *lines])
    texts = TextFiles(path=path, split_column="part").read(Path(), None)
    assert [number % 4 for number in texts.val] == [1] * 8
    assert [number % 4 for number in texts.test] == [2] * 7
    without = write(tmp_path / "two.csv", ["text,label,part", *(line.replace(",dev", ",train") for line in lines)])
    texts = TextFiles(path=without, split_column="part").read(Path(), None)
    assert len(texts.test) == 7
    assert [len(texts.train), len(texts.val)] == [21, 2]


def test_a_folder_for_each_class(tmp_path: Path, table: str) -> None:
    for n, (text, label) in enumerate(ROWS):
        folder = tmp_path / "texts" / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"anna{n // 5}_{n:02}.txt").write_text(text, encoding="utf-8")
    task = TextFiles(path=str(tmp_path / "texts"), group="^[^_]+")
    assert task.answers == ("no", "yes")
    assert task.parameters()["path"] == "texts"
    assert task.checksums().keys() == {"texts"}
    task.check_files(Path())
    problem = task.load(Path())
    assert len(problem.train) + len(problem.val) + len(problem.test) == 30
    found = task.own_example(problem, OwnInput("a good one"), Path())
    assert found.batch.x.shape == (3, 1)
    with pytest.raises(UserError, match=r"task.split_column names a column, but .* is a folder"):
        TextFiles(path=str(tmp_path / "texts"), split_column="part").load(Path())


def test_the_place_of_the_file_does_not_count(table: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    copy = tmp_path / "other" / "texts.tsv"
    copy.write_bytes(Path(table).read_bytes())
    one, other = TextFiles(path=table), TextFiles(path=str(copy))
    assert one.parameters() == other.parameters()
    assert one.checksums() == other.checksums()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"path": ""}, "task.path is ''; it must be a text, or null"),
        ({"text_column": None}, "task.text_column is None; it must be the name of a column"),
        ({"header": 1}, "task.header is 1; it must be true or false"),
        ({"header": False, "text_column": "t"}, "task.text_column names a column, and task.header=false says"),
        ({"header": False, "group": "author"}, "task.group names a column, and task.header=false says"),
        ({"validation": 0.6}, "task.validation is 0.6; it must be a number from 0.01 to 0.45"),
        ({"pool": "max"}, "There is no task.pool 'max'"),
    ],
)
def test_wrong_parameters_are_refused(fields: Mapping[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        TextFiles(**fields)  # type: ignore[arg-type]


def test_missing_data_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task.path is null; it must name a CSV or TSV file, or a folder"):
        TextFiles().checksums()
    with pytest.raises(MissingFile, match=r"There is no file nowhere.csv, which task.path names"):
        TextFiles(path="nowhere.csv").check_files(tmp_path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["text,label", "good,yes", "bad,yes"], r"texts.csv has one class, 'yes'; there must be 2 to 1,000\."),
        (["text,label", "good,yes", "...,no"], r"texts.csv, line 3: the text has no words\."),
        (["text,label", "good,yes", "bad,no"], r"The validation part has no example: the data have 2 examples\."),
    ],
)
def test_bad_texts_are_one_sentence(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        TextFiles(path=write(tmp_path / "texts.csv", lines)).load(Path())
