from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Problem, Size
from tasks.synthetic.selective_copying import NOISE, SIGNAL, SYMBOLS, SelectiveCopying
from tests.tasks.answers import everything, scores_of


@pytest.fixture(scope="module")
def problem() -> Problem:
    return SelectiveCopying(length=12, memorize=3, training=2000).load(Path("unused"))


def test_the_targets_are_the_symbols_of_the_input_in_order(problem: Problem) -> None:
    for split in (problem.train, problem.val, problem.test):
        batch = everything(split)
        for sequence, symbols in zip(batch.x.T.tolist(), batch.y.tolist(), strict=True):
            assert [token for token in sequence if token < SYMBOLS] == symbols
            assert sequence[12:] == [SIGNAL] * 3
            assert sequence[:12].count(NOISE) == 9
    assert (problem.steps, problem.input_size) == (15, 16)


def test_all_places_and_all_symbols_are_equally_likely(problem: Problem) -> None:
    batch = everything(problem.train)
    places = (batch.x[:12] < SYMBOLS).sum(1)
    assert (places - 500).abs().max() < 80  # four standard deviations
    counts = batch.y.flatten().bincount()
    assert len(counts) == SYMBOLS
    assert (counts - 6000 / SYMBOLS).abs().max() < 80


def test_the_head_has_outputs_at_the_last_steps_only(problem: Problem) -> None:
    assert problem.head(5, 1)(torch.zeros(15, 4, 5), None).shape == (3, 4, SYMBOLS)


def test_chance_and_optimum_are_reached(problem: Problem) -> None:
    batch = everything(problem.test)
    random = torch.randn(3, len(batch.y), SYMBOLS, generator=torch.Generator().manual_seed(0))
    assert scores_of(problem, random, batch)["accuracy"] == pytest.approx(
        SelectiveCopying.chance, abs=0.014
    )  # 4 deviations
    symbols = batch.x.T[batch.x.T < SYMBOLS].reshape(-1, 3).T.long()
    exact = torch.nn.functional.one_hot(symbols, SYMBOLS).float().log()
    assert scores_of(problem, exact, batch) == {"accuracy": SelectiveCopying.optimum, "cross_entropy": 0}
    assert problem.loss(exact, batch).item() == 0


def test_the_noise_can_be_empty_but_not_too_short() -> None:
    full = everything(SelectiveCopying(length=4, memorize=4, training=9).load(Path("unused")).train)
    assert torch.equal(full.x[:4].T, full.y)
    assert SelectiveCopying(length=4, memorize=4, training=9).size() == Size(9, 8, 16)
    with pytest.raises(UserError, match=r"^task\.memorize is 5; it must be at most task\.length, 4\.$"):
        SelectiveCopying(length=4, memorize=5)
    with pytest.raises(UserError, match=r"^task\.length is 0; .*$"):
        SelectiveCopying(length=0)
