import math
from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Size
from tasks.text.characters import Characters
from tasks.text.words import NextWord


@pytest.fixture
def text(tmp_path: Path) -> Path:
    file = tmp_path / "text.txt"
    file.write_bytes(b"to be or not to be\r\n" * 30)
    return file


def test_the_parts_follow_each_other(text: Path) -> None:
    problem = Characters(str(text), length=7, validation=0.1, test=0.2).load(text.parent)
    lengths = [int(split.lengths.sum()) for split in (problem.train, problem.val, problem.test)]  # type: ignore[union-attr]
    assert lengths == [398, 56, 113]  # 570 characters: 399, 57 and 114
    assert problem.input_size == 8
    unigram, ngram = problem.baselines().values()
    assert unigram > 2 > ngram


def test_the_chance_is_that_of_equally_probable_characters(text: Path) -> None:
    assert Characters(str(text)).chance == math.log2(8)
    assert Characters().chance == math.log2(65)
    assert Characters().size() == Size(10_039, 100, 65)
    assert Characters(str(text)).size() is None


def test_the_folder_of_the_text_does_not_count(text: Path) -> None:
    assert Characters(str(text)).parameters()["path"] == "text.txt"
    assert Characters(str(text)).checksums().keys() == {"text.txt"}


@pytest.mark.parametrize("kind", [Characters, NextWord])
def test_a_state_that_is_not_carried_leaves_old_digests(kind: type[Characters] | type[NextWord], text: Path) -> None:
    assert "carry_state" not in kind(str(text)).parameters()
    carried = kind(str(text), carry_state=True, test=0.1)
    assert carried.parameters()["carry_state"] is True
    assert carried.load(text.parent).carries_state
    with pytest.raises(UserError, match="carry_state"):
        kind(str(text), carry_state=1)  # type: ignore[arg-type]


def test_a_network_writes_samples(text: Path) -> None:
    problem = Characters(str(text), test=0.1).load(text.parent)
    found = problem.artifacts(lambda batch: torch.zeros(*batch.x.shape, 8), 3)  # type: ignore[arg-type]
    samples = found.files["samples.txt"].decode().split("\n\n--------\n\n")
    assert [len(one) for one in samples] == [200] * 3


def test_a_text_of_the_user_is_shown(text: Path) -> None:
    task = Characters(str(text), test=0.1)
    problem = task.load(text.parent)
    example = task.own_example(problem, OwnInput("to be"), text.parent)
    assert example.view.words == ("t", "o", "␣", "b", "e")  # type: ignore[union-attr]
    with pytest.raises(UserError, match="Your text has the character 'z', which is not in the text of the task"):
        task.own_example(problem, OwnInput("zoo"), text.parent)
    with pytest.raises(UserError, match="Your text has no character"):
        task.own_example(problem, OwnInput(""), text.parent)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"path": ""}, "task.path is ''; it must be the name of a text file, or null"),
        ({"length": 0}, "length"),
        ({"validation": 0.6}, "validation"),
    ],
)
def test_wrong_parameters_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Characters(**fields)  # type: ignore[arg-type]


def test_a_text_that_is_too_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "short.txt"
    file.write_text("short", encoding="utf-8")
    with pytest.raises(UserError, match=r"short\.txt has 5 tokens, and its validation part has 0; each part needs two"):
        Characters(str(file)).load(tmp_path)
