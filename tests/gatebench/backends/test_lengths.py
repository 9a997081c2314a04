import pytest
import torch

from gatebench.backends.lengths import alive, checked, flip
from gatebench.errors import UserError

X = torch.arange(12.0).view(4, 3, 1)  # (T, B, 1)


def test_checked_gives_int64() -> None:
    assert checked(torch.tensor([4, 0, 2], dtype=torch.uint8), X).dtype == torch.int64
    assert checked(torch.zeros(0, dtype=torch.int32), X[:, :0]).shape == (0,)


@pytest.mark.parametrize("lengths", [[1, 2], [[1, 2, 3]], [5, 0, 0], [-1, 0, 0], [1.0, 2.0, 3.0], [True, True, True]])
def test_checked_refuses(lengths: list[object]) -> None:
    with pytest.raises(UserError, match="lengths must be 3 whole numbers from 0 to 4, one a sequence"):
        checked(torch.tensor(lengths), X)


def test_alive() -> None:
    mask = alive(torch.tensor([4, 0, 2]), X)
    assert mask.shape == (4, 3, 1)
    assert mask[..., 0].int().tolist() == [[1, 0, 1], [1, 0, 1], [1, 0, 0], [1, 0, 0]]


def test_flip_reverses_each_sequence_in_its_own_length() -> None:
    lengths = torch.tensor([4, 0, 2])
    flipped = flip(X, lengths)
    assert flipped[..., 0].T.tolist() == [[9, 6, 3, 0], [1, 4, 7, 10], [5, 2, 8, 11]]
    assert torch.equal(flip(flipped, lengths), X)
    assert torch.equal(flip(X, None), X.flip(0))
    assert torch.equal(flip(X, torch.tensor([4, 4, 4])), X.flip(0))
