from math import log
from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Size
from tasks.synthetic.copying import Copying
from tests.tasks.answers import everything, scores_of

BLANK, SIGNAL = 8, 9


@pytest.mark.parametrize(("lag", "memorize"), [(1, 1), (5, 3), (30, 10)])
def test_the_sequence_is_as_published(lag: int, memorize: int) -> None:
    """Symbols, lag - 1 blanks, the signal, and a blank for each symbol: T = lag + 2 · memorize."""
    problem = Copying(lag=lag, memorize=memorize, training=50).load(Path("unused"))
    batch = everything(problem.train)
    for sequence, symbols in zip(batch.x.T.tolist(), batch.y.tolist(), strict=True):
        assert sequence == [*symbols, *[BLANK] * (lag - 1), SIGNAL, *[BLANK] * memorize]
        assert all(0 <= symbol < 8 for symbol in symbols)
    assert problem.steps == len(batch.x) == lag + 2 * memorize
    assert problem.encoder(batch.x).shape == (problem.steps, 50, 10)


def test_all_symbols_are_equally_frequent() -> None:
    counts = everything(Copying(lag=1).load(Path("unused")).train).y.flatten().bincount()
    assert len(counts) == 8
    assert (counts - 12_500).abs().max() < 450  # four standard deviations


@pytest.mark.parametrize("fields", [{}, {"lag": 50, "memorize": 3}, {"lag": 7, "symbols": 2}])
def test_chance_and_optimum_are_reached(fields: dict[str, int]) -> None:
    """By a model that knows the steps of the symbols but not the symbols; and by a model that knows both."""
    task = Copying(**fields, test=100)
    problem = task.load(Path("unused"))
    batch, blank, K = everything(problem.test), task.symbols, task.memorize
    guessing = torch.full((task.steps, 100, blank + 1), -torch.inf)
    guessing[:-K, :, blank] = 0
    guessing[-K:, :, :blank] = 0
    assert scores_of(problem, guessing, batch)["cross_entropy"] == pytest.approx(task.chance, rel=1e-5)
    assert problem.loss(guessing, batch).item() == pytest.approx(task.chance, rel=1e-5)
    repeated = torch.full((task.steps, 100), blank)
    repeated[-K:] = batch.x[:K]
    exact = torch.nn.functional.one_hot(repeated.long(), blank + 1).float().log()
    assert scores_of(problem, exact, batch) == {"cross_entropy": task.optimum, "accuracy": 1}


def test_chance_is_the_published_baseline() -> None:
    assert Copying.chance == pytest.approx(Copying().chance)
    assert Copying(lag=1000).chance == pytest.approx(10 * log(8) / 1020)
    assert Copying(lag=1000).chance == pytest.approx(0.0204, abs=5e-5)  # where Bai et al. 2018's LSTM stays


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lag": 0}, r"task\.lag is 0; it must be a whole number of at least 1\."),
        ({"memorize": 0}, r"task\.memorize is 0; .*"),
        ({"symbols": 1}, r"task\.symbols is 1; it must be a whole number from 2 to 250\."),
        ({"symbols": 251}, r"task\.symbols is 251; .*"),
        ({"training": 0}, r"task\.training is 0; .*"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        Copying(**fields)


def test_size() -> None:
    assert Copying(lag=30, memorize=4, symbols=5, training=7).size() == Size(7, 38, 7)
