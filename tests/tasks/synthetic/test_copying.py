from math import log
from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Size
from tasks.synthetic.copying import Copying
from tests.tasks.answers import everything, scores_of

BLANK, SIGN = 8, 9


@pytest.mark.parametrize(("lag", "memorize"), [(1, 1), (5, 3), (30, 10)])
def test_the_sequence_is_as_published(lag: int, memorize: int) -> None:
    """Symbols, lag - 1 blanks, the sign, and a blank for each symbol: T = lag + 2 · memorize."""
    problem = Copying(lag=lag, memorize=memorize, training=50).load(Path("unused"))
    batch = everything(problem.train)
    for sequence, symbols in zip(batch.x.T.tolist(), batch.y.tolist(), strict=True):
        assert sequence == [*symbols, *[BLANK] * (lag - 1), SIGN, *[BLANK] * memorize]
        assert all(0 <= symbol < 8 for symbol in symbols)
    assert problem.steps == len(batch.x) == lag + 2 * memorize
    assert problem.encoder(batch.x).shape == (problem.steps, 50, 10)


def test_every_symbol_is_as_frequent_as_another() -> None:
    counts = everything(Copying(lag=1).load(Path("unused")).train).y.flatten().bincount()
    assert len(counts) == 8
    assert (counts - 12_500).abs().max() < 450  # four standard deviations


@pytest.mark.parametrize("fields", [{}, {"lag": 50, "memorize": 3}, {"lag": 7, "symbols": 2}])
def test_chance_and_optimum_are_reached(fields: dict[str, int]) -> None:
    """By one who knows when to speak but not what; and by one who remembers."""
    task = Copying(**fields, test=100)
    problem = task.load(Path("unused"))
    batch, blank, K = everything(problem.test), task.symbols, task.memorize
    forgetful = torch.full((task.steps, 100, blank + 1), -torch.inf)
    forgetful[:-K, :, blank] = 0
    forgetful[-K:, :, :blank] = 0
    assert scores_of(problem, forgetful, batch)["cross_entropy"] == pytest.approx(task.chance, rel=1e-5)
    assert problem.loss(forgetful, batch).item() == pytest.approx(task.chance, rel=1e-5)
    said = torch.full((task.steps, 100), blank)
    said[-K:] = batch.x[:K]
    mindful = torch.nn.functional.one_hot(said.long(), blank + 1).float().log()
    assert scores_of(problem, mindful, batch) == {"cross_entropy": task.optimum, "accuracy": 1}


def test_chance_is_the_published_baseline() -> None:
    assert Copying.chance == pytest.approx(Copying().chance)
    assert Copying(lag=1000).chance == pytest.approx(10 * log(8) / 1020)
    assert Copying(lag=1000).chance == pytest.approx(0.0204, abs=5e-5)  # where Bai et al. 2018's LSTM stays


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"lag": 0}, r"task\.lag is 0; it must be a whole number of at least 1\."),
        ({"memorize": 0}, r"task\.memorize is 0; .*"),
        ({"symbols": 1}, r"task\.symbols is 1; it must be a whole number from 2 to 250\."),
        ({"symbols": 251}, r"task\.symbols is 251; .*"),
        ({"training": 0}, r"task\.training is 0; .*"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, int], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        Copying(**fields)


def test_size() -> None:
    assert Copying(lag=30, memorize=4, symbols=5, training=7).size() == Size(7, 38, 7)
