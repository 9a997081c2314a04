import torch

from gatebench.task import Batch
from tasks.blocks.valid_steps import chosen_steps, places_within, valid_count, valid_places
from tests.pretend_device import DEVICE, Pretended, pretended_gpu

X = torch.arange(12).reshape(4, 3)
LENGTHS = torch.tensor([2, 4, 1])
VALID = torch.tensor([[1, 1, 1], [1, 1, 0], [0, 1, 0], [0, 1, 0]]).bool()


def test_the_chosen_steps_are_those_of_an_index_of_truth_values() -> None:
    batch = Batch(X, X, LENGTHS)
    assert torch.equal(chosen_steps(X, valid_places(batch)), X[VALID])
    rows = torch.stack([X, -X], -1)
    assert torch.equal(chosen_steps(rows, valid_places(batch)), rows[VALID])
    assert valid_count(batch) == 7


def test_without_lengths_all_steps_are_valid() -> None:
    batch = Batch(X, X)
    assert valid_places(batch) is None
    assert torch.equal(chosen_steps(X, None), X.flatten())
    assert valid_count(batch) == 12


def test_the_places_are_sent_to_a_gpu_without_waiting() -> None:
    with pretended_gpu() as waits:
        places = places_within(LENGTHS, 4, DEVICE)
        assert isinstance(places, Pretended)
        chosen = chosen_steps(Pretended(X), places)
        assert waits == []
        assert chosen.tolist() == X[VALID].tolist()
