from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.views import Words
from tasks.data.files import MissingFile, find_file
from tasks.text.sst2 import CHECKSUMS, FOLDERS, SOURCE_URL, Sst2
from tests.tasks.real_data import data_root, skipping_without_files
from tests.tasks.text.small_sentences import write_small_sentences, write_tsv


@pytest.mark.parametrize("folder", FOLDERS)
def test_sentences_come_in_their_order_with_their_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    found = write_small_sentences(tmp_path, monkeypatch, folder)
    texts = Sst2().read(tmp_path, None)
    words = [texts.corpus.words[number] for number in texts.corpus.numbers]
    for part, lines in zip((texts.train, texts.val, texts.test), found.values(), strict=True):
        for position, (sentence, label) in zip(part, lines, strict=True):
            start = texts.corpus.starts[position]
            assert words[start : start + texts.corpus.lengths[position]] == sentence.split()
            assert texts.labels[position] == label


def test_tokens_are_what_spaces_separate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_sentences(tmp_path, monkeypatch)
    write_tsv(tmp_path, monkeypatch, "dev.tsv", "it 's n't , a café ?\t1\nbad\t0\n".encode())
    texts = Sst2().read(tmp_path, None)
    assert len(texts.val) == 2
    assert {"'s", "n't", ",", "café", "?"} <= set(texts.corpus.words)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"fine\t1\nbad 0\n", "line 2 is not a sentence, a tab and 0 or 1."),
        (b"fine\t1\nbad\t2\n", "line 2 is not"),
        (b"fine\t1\n \t0\n", "line 2 is not"),
        (b"fine\t1\n\nbad\t0\n", "line 2 is not"),
        (b"fine\t1\tfine\n", "line 1 is not"),
        (b"sentence\tlabel\nfine\t1\n", "line 1 is not"),
        (b"fine\t1\r\n", "line 1 is not"),
        (b"", "line 1 is not"),
        (b"fine\t1\ncaf\xe9\t1\n", r"is not UTF-8: byte 11 is 0xe9\."),
    ],
)
def test_lines_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, sentence: str
) -> None:
    write_small_sentences(tmp_path, monkeypatch)
    path = write_tsv(tmp_path, monkeypatch, "dev.tsv", data)
    with pytest.raises(UserError, match=sentence) as caught:
        Sst2().load(tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("file", CHECKSUMS)
def test_a_missing_file_is_named_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    write_small_sentences(tmp_path, monkeypatch)
    (tmp_path / "sst2" / file).unlink()
    with pytest.raises(MissingFile, match=file) as caught:
        Sst2().load(tmp_path)
    assert SOURCE_URL in str(caught.value)


@pytest.mark.parametrize("file", CHECKSUMS)
@pytest.mark.parametrize("damage", ["truncated", "changed", "empty"])
def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, damage: str) -> None:
    write_small_sentences(tmp_path, monkeypatch)
    path = tmp_path / "sst2" / file
    data = path.read_bytes()
    path.write_bytes({"truncated": data[:-9], "changed": data.replace(b"\t1", b"\t0", 1), "empty": b""}[damage])
    with pytest.raises(UserError, match="is not the published file"):
        Sst2().load(tmp_path)


def test_real_files() -> None:
    with skipping_without_files():
        find_file(data_root(), FOLDERS, ("train.tsv",), SOURCE_URL)
    task = Sst2()
    problem = task.load(data_root())
    assert (len(problem.train), len(problem.val), len(problem.test)) == (6_920, 872, 1_821)
    assert problem.baselines() == {"majority": Sst2.chance, "naive-bayes": pytest.approx(0.8144, abs=1e-3)}
    size = task.size()
    assert (size.examples, size.steps, size.inputs) == (6_920, problem.steps, 100)
    first = problem.train.batch(torch.tensor([0, 1]))
    assert first.y.tolist() == [1, 0]
    assert first.lengths is not None
    assert first.lengths.tolist() == [18, 12]


def test_a_text_of_the_user_is_read_like_a_test_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = write_small_sentences(tmp_path, monkeypatch)
    task = Sst2(min_frequency=1)
    problem = task.load(tmp_path)
    sentence, label = found["test.tsv"][5]
    expected = task.example(problem, 5, tmp_path)
    assert expected.view == Words(tuple(sentence.split()))
    assert expected.target == ("negative", "positive")[label]
    own = task.own_example(problem, OwnInput(text=sentence.upper()), tmp_path)
    assert own.batch.inputs.tolist() == expected.batch.inputs.tolist()
    assert own.batch.lengths is not None
    assert own.batch.lengths.tolist() == [len(sentence.split())]
    assert (own.view, own.target) == (expected.view, "")


def test_words_that_are_not_in_the_vocabulary_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_sentences(tmp_path, monkeypatch)
    task = Sst2(max_length=3)
    problem = task.load(tmp_path)
    own = task.own_example(problem, OwnInput(text="one quux , quux"), tmp_path)
    assert own.view == Words(("quux", ",", "quux"))
    assert own.notes == ("Not in the vocabulary, so the network reads one number for all of them: quux, ,.",)
    with pytest.raises(UserError, match=r"^The text has no words\.$"):
        task.own_example(problem, OwnInput(text="  "), tmp_path)
