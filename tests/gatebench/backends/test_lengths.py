import pytest
import torch

from gatebench.backends.lengths import checked_lengths, reversed_sequences, step_mask
from gatebench.errors import UserError
from tests.pretend_device import Pretended, pretended_gpu

X = torch.arange(12.0).view(4, 3, 1)  # (T, B, 1)


def test_checked_lengths_are_int64() -> None:
    assert checked_lengths(torch.tensor([4, 0, 2], dtype=torch.uint8), X).dtype == torch.int64
    assert checked_lengths(torch.zeros(0, dtype=torch.int32), X[:, :0]).shape == (0,)


def test_lengths_on_a_gpu_are_read_once() -> None:
    with pretended_gpu() as waits:
        lengths = checked_lengths(Pretended(torch.tensor([4, 0, 2])), Pretended(X))
        assert not isinstance(lengths, Pretended)
        assert len(waits) == 1


@pytest.mark.parametrize("lengths", [[1, 2], [[1, 2, 3]], [5, 0, 0], [-1, 0, 0], [1.0, 2.0, 3.0], [True, True, True]])
def test_other_lengths_are_refused(lengths: list[object]) -> None:
    with pytest.raises(UserError, match="lengths must be 3 whole numbers from 0 to 4, one a sequence"):
        checked_lengths(torch.tensor(lengths), X)


def test_the_step_mask_is_true_within_each_sequence() -> None:
    mask = step_mask(torch.tensor([4, 0, 2]), X)
    assert mask.shape == (4, 3, 1)
    assert mask[..., 0].int().tolist() == [[1, 0, 1], [1, 0, 1], [1, 0, 0], [1, 0, 0]]


def test_each_sequence_is_reversed_within_its_own_length() -> None:
    lengths = torch.tensor([4, 0, 2])
    backwards = reversed_sequences(X, lengths)
    assert backwards[..., 0].T.tolist() == [[9, 6, 3, 0], [1, 4, 7, 10], [5, 2, 8, 11]]
    assert torch.equal(reversed_sequences(backwards, lengths), X)
    assert torch.equal(reversed_sequences(X, None), X.flip(0))
    assert torch.equal(reversed_sequences(X, torch.tensor([4, 4, 4])), X.flip(0))
