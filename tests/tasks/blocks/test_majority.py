import torch

from tasks.blocks.majority import majority
from tasks.blocks.splits import TensorSplit


def test_majority_is_that_of_training() -> None:
    train = TensorSplit(torch.zeros(4, 2, 1), torch.tensor([1, 1, 1, 0]))
    test = TensorSplit(torch.zeros(4, 2, 1), torch.tensor([0, 0, 0, 1]))
    assert majority(train, test) == 0.25
