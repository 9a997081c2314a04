import torch

from gatebench.task import Batch
from tasks.blocks.valid_steps import valid_count, valid_places, valid_values, values_within
from tests.pretend_device import Pretended, pretended_gpu

X = torch.arange(12).reshape(4, 3)
ROWS = torch.stack([X, -X], -1)
LENGTHS = torch.tensor([2, 4, 1])
VALID = torch.tensor([[1, 1, 1], [1, 1, 0], [0, 1, 0], [0, 1, 0]]).bool()


def test_the_valid_steps_are_those_of_an_index_of_truth_values() -> None:
    batch = Batch(X, X, LENGTHS)
    values, rows = valid_values(batch, X, ROWS)
    assert torch.equal(values, X[VALID])
    assert torch.equal(rows, ROWS[VALID])
    places = valid_places(batch)
    assert places is not None
    assert torch.equal(X.flatten()[places], X[VALID])
    assert valid_count(batch) == 7


def test_without_lengths_all_steps_are_valid() -> None:
    batch = Batch(X, X)
    values, rows = valid_values(batch, X, ROWS)
    assert torch.equal(values, X.flatten())
    assert torch.equal(rows, ROWS.flatten(0, 1))
    assert valid_places(batch) is None
    assert valid_count(batch) == 12


def test_steps_on_a_gpu_are_picked_without_waiting() -> None:
    with pretended_gpu() as waits:
        (values,) = values_within(LENGTHS, Pretended(X))
        assert waits == []
        assert isinstance(values, Pretended)
        assert torch.equal(values.held, X[VALID])
