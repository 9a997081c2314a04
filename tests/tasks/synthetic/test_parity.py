from pathlib import Path

import pytest
import torch
from torch import Tensor

from gatebench.errors import UserError
from gatebench.task import Problem, Size, Split
from tasks.synthetic.parity import Parity
from tests.tasks.answers import everything


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Parity(length=9, shortest_test=10, length_test=30).load(Path("unused"))


def lengths_of(split: Split) -> Tensor:
    assert split.lengths is not None
    return split.lengths


def test_the_target_is_one_if_the_number_of_ones_is_odd(problem: Problem) -> None:
    for split in (problem.train, problem.val, problem.test):
        batch = everything(split)
        bits = batch.x[:, :, 0].T.tolist()
        for sequence, length, odd in zip(bits, lengths_of(split).tolist(), batch.y.tolist(), strict=True):
            assert set(sequence) <= {0.0, 1.0}
            assert sum(sequence[:length]) % 2 == odd
            assert not any(sequence[length:])
    assert (problem.steps, problem.input_size) == (30, 1)


def test_lengths_are_in_range_and_equally_frequent(problem: Problem) -> None:
    counts = lengths_of(problem.train).bincount()
    assert counts[0] == 0
    assert len(counts) == 10
    assert (counts[1:] - 10_000 / 9).abs().max() < 130  # four standard deviations
    assert set(lengths_of(problem.test).tolist()) == set(range(10, 31))


def test_without_the_last_bit_the_accuracy_is_chance(problem: Problem) -> None:
    batch = everything(problem.train)
    ends = batch.x[lengths_of(problem.train) - 1, torch.arange(len(batch.y)), 0]
    longer = lengths_of(problem.train) > 1
    before = (batch.y - ends) % 2
    assert before[longer].mean() == pytest.approx(Parity.chance, abs=0.022)  # four standard errors
    assert batch.y.double().mean() == pytest.approx(Parity.chance, abs=0.02)
    assert Parity.optimum == 1


def test_a_single_length_needs_no_lengths() -> None:
    problem = Parity(shortest=6, length=6, shortest_test=6, length_test=6).load(Path("unused"))
    assert problem.train.lengths is problem.test.lengths is None
    batch = everything(problem.test)
    assert torch.equal(batch.x.sum((0, 2)) % 2, batch.y.float())
    assert batch.x.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"shortest": 0}, r"task\.shortest is 0; it must be a whole number of at least 1\."),
        ({"length_test": 0}, r"task\.length_test is 0; .*"),
        ({"shortest": 41}, r"task\.shortest is 41; it must be at most task\.length, 40\."),
        ({"length_test": 40}, r"task\.shortest_test is 41; it must be at most task\.length_test, 40\."),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        Parity(**fields)


def test_size() -> None:
    assert Parity(length=9, training=7).size() == Size(7, 9, 1)
