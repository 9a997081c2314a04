from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Batch, Problem, Size
from tasks.synthetic.adding import TOLERANCE, Adding, error_scores, mean_squared_error, tally_errors
from tests.tasks.answers import everything


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Adding(length=11, training=4000).load(Path("unused"))


def test_targets_are_the_sums_of_two_marked_numbers_one_in_each_half(problem: Problem) -> None:
    for split in (problem.train, problem.val, problem.test):
        batch = everything(split)
        numbers, marks = batch.x.unbind(2)
        assert set(marks.flatten().tolist()) == {0, 1}
        assert torch.equal(marks[:5].sum(0), torch.ones(len(split)))
        assert torch.equal(marks[5:].sum(0), torch.ones(len(split)))
        assert torch.allclose(batch.y, (numbers * marks).sum(0))
        assert 0 <= numbers.min() <= numbers.max() < 1
    assert (problem.steps, problem.input_size) == (11, 2)


def test_all_places_of_a_half_are_marked_equally_often(problem: Problem) -> None:
    marked = everything(problem.train).x[:, :, 1].sum(1)
    assert (marked[:5] - 800).abs().max() < 130
    assert (marked[5:] - 4000 / 6).abs().max() < 130


def test_chance_is_the_error_of_the_best_constant() -> None:
    problem = Adding(length=4, test=200_000).load(Path("unused"))
    y = everything(problem.test).y
    assert Adding.chance == 1 / 6
    assert problem.baselines() == {"always 1": pytest.approx(Adding.chance, abs=0.002)}
    assert y.var() == pytest.approx(Adding.chance, abs=0.002)  # the mean is the best constant
    assert y.mean() == pytest.approx(1, abs=0.003)


def test_the_sum_reaches_the_optimum(problem: Problem) -> None:
    batch = everything(problem.test)
    answers = (batch.x[:, :, 0] * batch.x[:, :, 1]).sum(0)[:, None]
    scores = error_scores({name: value.item() for name, value in tally_errors(answers, batch).items()})
    assert scores == {"mse": pytest.approx(Adding.optimum, abs=1e-12), "correct": 1}


def test_scores_by_hand() -> None:
    batch = Batch(torch.empty(0), torch.tensor([1.0, 0.5, 1.5]))
    answers = torch.tensor([[1.0], [0.5 + TOLERANCE / 2], [1.5 - 3 * TOLERANCE]])
    squares = (TOLERANCE / 2) ** 2 + (3 * TOLERANCE) ** 2
    totals = {name: value.item() for name, value in tally_errors(answers, batch).items()}
    assert totals == pytest.approx({"squares": squares, "correct": 2, "examples": 3})
    assert error_scores(totals) == pytest.approx({"mse": squares / 3, "correct": 2 / 3})
    assert mean_squared_error(answers, batch).item() == pytest.approx(squares / 3)


def test_the_shortest_length_and_the_size() -> None:
    batch = everything(Adding(length=2, training=5).load(Path("unused")).train)
    assert torch.equal(batch.x[:, :, 1], torch.ones(2, 5))
    assert Adding(length=7, training=5).size() == Size(5, 7, 2)
    with pytest.raises(UserError, match=r"^task\.length is 1; it must be a whole number of at least 2\.$"):
        Adding(length=1)
