import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from gatebench.errors import UserError
from gatebench.task import Problem
from tasks.blocks.objectives import LastStep
from tasks.blocks.pooling import MeanStep
from tasks.text.corpus import PAD, UNKNOWN, Corpus
from tasks.text.sentiment import Sentiment
from tasks.text.text_classification import Texts

LONG = "a good long story told well"
TRAIN = [(1, "good good film"), (0, "bad film"), (1, LONG), (0, "bad bad bad")]
VAL, TEST = [(0, "bad plot film")], [(1, "good film never seen"), (0, "bad")]


@dataclass(frozen=True)
class Few(Sentiment):
    """Seven texts."""

    title = "A few texts"
    chance = 0.5
    protocol = "none"
    licence = "none"

    min_frequency: int = 1

    def checksums(self) -> Mapping[str, str]:
        return {}

    def read(self, root: Path, cache: Path | None) -> Texts:
        labelled = [*TRAIN, *VAL, *TEST]
        corpus = Corpus.from_texts([text.split() for _, text in labelled])
        return Texts(corpus, [label for label, _ in labelled], range(4), range(4, 5), range(5, 7))


def load(**fields: object) -> Problem:
    return Few(**fields).load(Path("unused"))  # type: ignore[arg-type]


def test_words_are_numbered_by_training_alone() -> None:
    problem = load()
    # bad stands four times, good three times, film twice, and the others, once each, follow by their letters
    train = problem.train.batch(torch.arange(4))
    assert train.x.T.tolist() == [
        [3, 3, 4, 0, 0, 0],
        [2, 4, 0, 0, 0, 0],
        [5, 3, 6, 7, 8, 9],
        [2, 2, 2, 0, 0, 0],
    ]
    assert train.y.tolist() == [1, 0, 1, 0]
    assert train.lengths is not None
    assert train.lengths.tolist() == [3, 2, 6, 3]
    assert problem.val.batch(torch.tensor([0])).x.T.tolist() == [[2, UNKNOWN, 4]]
    assert problem.test.batch(torch.tensor([0, 1])).x.T.tolist() == [[3, 4, UNKNOWN, UNKNOWN], [2, PAD, PAD, PAD]]


@pytest.mark.parametrize(
    ("fields", "known"), [({"vocabulary": 2}, 2), ({"min_frequency": 2}, 3), ({"vocabulary": 99}, 8)]
)
def test_the_encoder_has_a_vector_for_each_number(fields: dict[str, object], known: int) -> None:
    problem = load(embedding=7, **fields)
    assert isinstance(problem.encoder, nn.Sequential)
    embedding = problem.encoder[0]
    assert isinstance(embedding, nn.Embedding)
    assert embedding.weight.shape == (known + 2, 7)
    for split in (problem.train, problem.val, problem.test):
        batch = split.batch(torch.arange(len(split)))
        assert batch.x.max() < known + 2
        assert problem.encoder(batch.x).shape == (*batch.x.shape, 7)


def test_no_word_is_known_well_enough() -> None:
    problem = load(min_frequency=9)
    assert set(problem.train.batch(torch.arange(4)).x.flatten().tolist()) == {PAD, UNKNOWN}
    assert problem.baselines()["naive-bayes"] in (0.5, 1.0)


def test_padding_is_zero_and_is_not_learned() -> None:
    problem = load(embedding_dropout=0.0)
    batch = problem.train.batch(torch.arange(4))
    encoded = problem.encoder(batch.x)
    assert not encoded[batch.x == PAD].any()
    assert encoded[batch.x != PAD].abs().min() > 0
    (gradient,) = torch.autograd.grad(encoded.sum(), list(problem.encoder.parameters()))
    assert not gradient[PAD].any()


def test_dropout_is_for_training_alone() -> None:
    problem = load(embedding_dropout=0.5, embedding=64)
    x = torch.full((50, 4), 3)
    assert 0.4 < (problem.encoder(x) == 0).float().mean() < 0.6
    problem.encoder.eval()
    assert (problem.encoder(x) == 0).float().mean() == 0


@pytest.mark.parametrize(
    ("keep", "longest", "words"),
    [("start", 2, "a good"), ("end", 2, "told well"), ("end", 99, LONG), ("end", None, None)],
)
def test_long_texts_are_cut_at_one_end(keep: str, longest: int | None, words: str | None) -> None:
    whole = load().train.batch(torch.tensor([2])).x[:, 0]
    cut = load(keep=keep, max_length=longest)
    batch = cut.train.batch(torch.arange(4))
    expected = whole if words is None else whole[[LONG.split().index(word) for word in words.split()]]
    assert torch.equal(batch.x[: len(expected), 2], expected)
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [min(length, longest or 99) for length in (3, 2, 6, 3)]
    assert cut.steps == len(batch.x)


@pytest.mark.parametrize(("pool", "kind"), [("mean", MeanStep), ("last", LastStep)])
def test_pooling(pool: str, kind: type[nn.Module]) -> None:
    head = load(pool=pool).head(5, 2)
    assert isinstance(head, kind)
    assert head(torch.zeros(6, 4, 10), torch.tensor([3, 2, 6, 3])).shape == (4, 2)


def test_baselines() -> None:
    assert load().baselines() == {"majority": 0.5, "naive-bayes": 1.0}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"vocabulary": 0}, r"task\.vocabulary is 0; it must be a whole number of at least 1\."),
        ({"min_frequency": 1.5}, r"task\.min_frequency is 1\.5; .*"),
        ({"embedding": -1}, r"task\.embedding is -1; .*"),
        ({"max_length": 0}, r"task\.max_length is 0; .*"),
        ({"keep": "both"}, r"There is no task\.keep 'both'.* Allowed: end, start\."),
        ({"pool": "max"}, r"There is no task\.pool 'max'.* Allowed: last, mean\."),
        ({"embedding_dropout": 1.0}, r"task\.embedding_dropout is 1\.0; it must be a number from 0 to 0\.9\."),
        ({"embedding_dropout": None}, r"task\.embedding_dropout is None; .*"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        Few(**fields)  # type: ignore[arg-type]


def test_one_number_has_one_digest_however_it_is_written() -> None:
    whole, point = (json.dumps(Few(embedding_dropout=share).parameters()) for share in (0, 0.0))
    assert whole == point


def test_the_seed_draws_the_embedding() -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return next(load().encoder.parameters())

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
    assert weights(0)[1:].std().item() == pytest.approx(0.1, rel=0.1)
