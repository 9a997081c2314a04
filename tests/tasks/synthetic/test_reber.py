from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Problem, Size, Split
from tasks.blocks.valid_steps import valid_count, valid_values
from tasks.synthetic.reber import Reber
from tests.tasks.answers import everything, scores_of

SYMBOLS = "BTSXPVE"
CASES = [{}, {"stream": 120, "training": 60, "validation": 50, "test": 100}]


@pytest.fixture(scope="module", params=CASES, ids=["embedded", "continual"])
def problem(request: pytest.FixtureRequest) -> Problem:
    return Reber(**request.param).load(Path("unused"))


def texts(problem: Problem, split: Split) -> list[str]:
    batch = everything(split)
    lengths = [len(batch.x)] * len(split) if batch.lengths is None else batch.lengths.tolist()
    return [
        "".join(SYMBOLS[number] for number in row[:length])
        for row, length in zip(batch.x.T.tolist(), lengths, strict=True)
    ]


def test_the_next_symbol_is_the_target(problem: Problem) -> None:
    for split in (problem.train, problem.val, problem.test):
        batch = everything(split)
        following = batch.y[:, :, 0]
        scored = batch.y[:, :, 1:].bool().any(-1)
        assert valid_values(batch, scored)[0].all()
        assert scored.sum() == valid_count(batch)
        assert torch.equal(batch.x[1:][scored[1:]], following[:-1][scored[1:]])
        assert batch.y[:, :, 1:].gather(2, following.long()[..., None])[scored].all()
    assert problem.encoder(batch.x).shape[2] == problem.input_size == 7


def test_the_automaton_of_the_grammar_reaches_the_optimum(problem: Problem) -> None:
    batch = everything(problem.test)
    logits = batch.y[:, :, 1:].float()
    assert scores_of(problem, logits, batch) == {"agreement": Reber.optimum, "legal": 1, "flawless": 1}


def test_without_the_beginning_agreement_is_chance(problem: Problem) -> None:
    batch = everything(problem.test)
    logits = batch.y[:, :, 1:].float()
    either = (logits.sum(-1) == 1) & ((logits[..., 1] == 1) | (logits[..., 4] == 1))
    logits[either] = torch.tensor([0.0, 1, 0, 0, 1, 0, 0])
    noise = torch.rand(logits.shape, generator=torch.Generator().manual_seed(0)) / 10
    without_beginning = scores_of(problem, logits + noise, batch)
    assert without_beginning["agreement"] == pytest.approx(Reber.chance, abs=0.07)
    at_the_end = either.sum().item() / logits.any(-1).sum().item()
    assert without_beginning["legal"] == pytest.approx(1 - (1 - without_beginning["agreement"]) * at_the_end)
    assert without_beginning["flawless"] < 0.6


def test_agreement_of_random_logits_is_chance(problem: Problem) -> None:
    batch = everything(problem.test)
    random = torch.randn(*batch.x.shape, 7, generator=torch.Generator().manual_seed(0))
    assert scores_of(problem, random, batch)["agreement"] == pytest.approx(Reber.chance, abs=0.07)


def test_examples_are_whole_strings_without_the_last_symbol() -> None:
    problem = Reber().load(Path("unused"))
    strings = texts(problem, problem.train)
    assert all(text.startswith("B") and text[1] == text[-1] and len(text) >= 8 for text in strings)
    assert problem.steps == max(len(everything(split).x) for split in (problem.train, problem.val, problem.test))


def test_a_stream_continues_after_the_end_of_a_string() -> None:
    problem = Reber(**CASES[1]).load(Path("unused"))
    streams = texts(problem, problem.train)
    assert {len(stream) for stream in streams} == {120} == {problem.steps}
    assert all(stream.count("EB") > 2 for stream in streams)
    assert problem.train.lengths is None


def test_size_and_fields() -> None:
    assert Reber().size() is None
    assert Reber(stream=80, training=9).size() == Size(9, 80, 7)
    with pytest.raises(UserError, match=r"^task\.stream is 49; it must be a whole number of at least 50\.$"):
        Reber(stream=49)
    with pytest.raises(UserError, match=r"^task\.test is 0; .*$"):
        Reber(test=0)
