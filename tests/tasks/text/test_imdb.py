from collections import Counter
from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Problem, Split
from tasks.text import reviews
from tasks.text.corpus import tokenize
from tasks.text.imdb import Imdb
from tests.tasks.real_data import data_root, shared_cache, skipping_without_files
from tests.tasks.text.small_reviews import (
    TEST,
    TRAIN,
    archive_of,
    expect,
    small_reviews,
    write_archive,
    write_folder,
    write_small_reviews,
)

EVERYTHING = Imdb(min_frequency=1, max_length=None)


def contents(split: Split) -> list[tuple[int, ...]]:
    """Each review as its class and the numbers of its words."""
    batch = split.batch(torch.arange(len(split)))
    assert batch.lengths is not None
    columns = zip(batch.y.tolist(), batch.x.T.tolist(), batch.lengths.tolist(), strict=True)
    return [(label, *words[:length]) for label, words, length in columns]


def shapes(problem: Problem) -> list[list[tuple[int, ...]]]:
    return [contents(split) for split in (problem.train, problem.val, problem.test)]


def test_every_review_is_in_one_part_with_its_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = write_small_reviews(tmp_path, monkeypatch)
    problem = EVERYTHING.load(tmp_path)
    assert (len(problem.train), len(problem.val), len(problem.test)) == (2 * TRAIN * 9 // 10, TRAIN // 5, 2 * TEST)
    for part, held in {"train": (problem.train, problem.val), "test": (problem.test,)}.items():
        ours = Counter((label, len(words)) for split in held for label, *words in contents(split))
        theirs = Counter(
            ("/pos/" in name, len(tokenize(review.decode().replace("<br />", " "))))
            for name, review in found.items()
            if name.startswith(part)
        )
        assert ours == theirs
    for split in (problem.train, problem.val):
        assert split.batch(torch.arange(len(split))).y.bincount().tolist() == [len(split) // 2] * 2


def test_markup_is_no_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = write_small_reviews(tmp_path, monkeypatch)
    corpus = EVERYTHING.read(tmp_path, None).corpus
    assert "br" not in corpus.words
    assert {"it's", "café's", "!"} <= set(corpus.words)
    assert len(corpus.lengths) == len(found)


def test_archive_folder_and_cache_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = write_small_reviews(tmp_path / "archive", monkeypatch)
    write_folder(tmp_path / "folder", found)
    cache = tmp_path / "cache"
    archive = shapes(EVERYTHING.load(tmp_path / "archive"))
    assert archive == shapes(EVERYTHING.load(tmp_path / "folder", cache))
    (entry,) = cache.glob("*.arrays")
    written = entry.stat().st_ino
    assert archive == shapes(EVERYTHING.load(tmp_path / "folder", cache))
    assert archive == shapes(EVERYTHING.load(tmp_path / "archive", cache))
    assert [path.stat().st_ino for path in cache.glob("*.arrays")] == [written]


def test_one_cache_entry_serves_all_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_reviews(tmp_path, monkeypatch)
    for task in (Imdb(), Imdb(split_seed=1), Imdb(max_length=5, vocabulary=10), Imdb(validation=0.3)):
        assert shapes(task.load(tmp_path, tmp_path / "cache")) == shapes(task.load(tmp_path))
    assert len(list((tmp_path / "cache").glob("*.arrays"))) == 1


def test_data_are_verified_though_they_are_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_reviews(tmp_path, monkeypatch)
    Imdb().load(tmp_path, tmp_path / "cache")
    archive = reviews.find_reviews(tmp_path)
    archive.write_bytes(archive.read_bytes() + b" ")
    with pytest.raises(UserError, match="is not the published file"):
        Imdb().load(tmp_path, tmp_path / "cache")
    archive.unlink()
    folder = write_folder(tmp_path, small_reviews())
    Imdb().load(tmp_path, tmp_path / "cache")
    next((folder / "test" / "pos").iterdir()).write_bytes(b"tampered")
    with pytest.raises(UserError, match="does not hold the published reviews"):
        Imdb().load(tmp_path, tmp_path / "cache")


def test_the_seed_chooses_the_held_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_reviews(tmp_path, monkeypatch)
    first, again, other = (shapes(Imdb(split_seed=seed).load(tmp_path)) for seed in (0, 0, 1))
    assert first == again
    assert first[1] != other[1]
    assert len(first[2]) == len(other[2])


def test_copies_stay_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = small_reviews()
    for number in range(0, TRAIN, 2):
        for mood, rating in (("pos", 8), ("neg", 2)):
            found[f"train/{mood}/{number + 1}_{rating}.txt"] = found[f"train/{mood}/{number}_{rating}.txt"]
            if number < 20:  # a copy of a test review is one among the training reviews all the same
                found[f"train/{mood}/{number}_{rating}.txt"] = found[f"test/{mood}/{number}_{rating}.txt"]
    expect(found, monkeypatch)
    write_archive(tmp_path, archive_of(found), monkeypatch)
    train, val, _ = shapes(EVERYTHING.load(tmp_path))
    assert not set(train) & set(val)
    assert len(train) + len(val) == 2 * TRAIN
    assert 0.05 * 2 * TRAIN < len(val) < 0.15 * 2 * TRAIN


def test_a_limit_shortens_training_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_reviews(tmp_path, monkeypatch)
    full, short = Imdb().read(tmp_path, None), Imdb(limit=50).read(tmp_path, None)
    assert set(short.train) < set(full.train)
    assert len(short.train) == 50
    assert (short.val, short.test) == (full.val, full.test)
    assert 10 < sum(full.labels[number] for number in short.train) < 40


@pytest.mark.parametrize(
    ("review", "sentence"),
    [(b"caf\xe9 noir", r"is not UTF-8: byte 4 is 0xe9\."), (b"", "has no words."), (b" <br /> ...", "has no words.")],
)
@pytest.mark.parametrize("folder", [True, False])
def test_a_review_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, review: bytes, sentence: str, folder: bool
) -> None:
    found = small_reviews() | {"train/pos/3_8.txt": review}
    expect(found, monkeypatch)
    if folder:
        write_folder(tmp_path, found)
    else:
        write_archive(tmp_path, archive_of(found), monkeypatch)
    with pytest.raises(UserError, match=rf"train/pos/3_8\.txt {sentence}$"):
        Imdb().load(tmp_path, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.arrays"))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"validation": 0.0}, r"task\.validation is 0\.0; it must be a number from 0\.01 to 0\.9\."),
        ({"validation": 2500}, r"task\.validation is 2500; .*"),
        ({"split_seed": -1}, r"task\.split_seed is -1; .*"),
        ({"limit": 0}, r"task\.limit is 0; it must be a whole number from 1 to 22500\."),
        ({"limit": 20_000, "validation": 0.5}, r"task\.limit is 20000; .* from 1 to 12500\."),
        ({"pool": "first"}, r"There is no task\.pool 'first'.*"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        Imdb(**fields)  # type: ignore[arg-type]


def test_size_is_known_where_reviews_are_cut() -> None:
    size = Imdb(limit=1000, max_length=50, embedding=7).size()
    assert size is not None
    assert (size.examples, size.steps, size.inputs) == (1000, 50, 7)
    assert Imdb(max_length=None).size() is None


@pytest.mark.slow
def test_real_reviews(tmp_path_factory: pytest.TempPathFactory) -> None:
    with skipping_without_files():
        reviews.find_reviews(data_root())
    cache = shared_cache(tmp_path_factory)
    problem = Imdb().load(data_root(), cache)
    assert (len(problem.train), len(problem.val), len(problem.test)) == (22_502, 2_498, 25_000)
    assert problem.steps == 400
    assert problem.test.batch(torch.arange(25_000)).y.bincount().tolist() == [12_500, 12_500]
    assert problem.baselines() == {"majority": 0.5, "naive-bayes": pytest.approx(0.8364, abs=1e-3)}
    encoder = problem.encoder
    assert isinstance(encoder, torch.nn.Sequential)
    assert next(encoder.parameters()).shape == (25_002, 100)
    again = Imdb(max_length=None).load(data_root(), cache)
    assert again.test.lengths is not None
    assert again.test.lengths.max() > 2000
