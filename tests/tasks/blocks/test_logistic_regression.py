import pytest
import torch
from torch import Tensor

from tasks.blocks.logistic_regression import logistic_regression_accuracy


def clouds(examples: int, seed: int) -> tuple[Tensor, Tensor]:
    """Points (N, 3) around three centres that overlap, and the centres' numbers (N,)."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(3, (examples,), generator=generator)
    return torch.eye(3)[y] + torch.randn(examples, 3, generator=generator), y


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_accuracy_is_that_of_scikit_learn(seed: int) -> None:
    from sklearn.linear_model import LogisticRegression

    train, test = clouds(200, seed), clouds(100, seed + 10)
    theirs = LogisticRegression(tol=1e-8, max_iter=5000).fit(*train).score(*test)
    assert logistic_regression_accuracy(train, test, classes=3) == pytest.approx(theirs)
    assert 0.4 < theirs < 0.9


def test_classes_apart_are_told_apart_also_without_gradients() -> None:
    x = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
    y = torch.tensor([0, 0, 1, 1])
    with torch.no_grad():
        assert logistic_regression_accuracy((x, y), (x, y), classes=2) == 1
        assert logistic_regression_accuracy((x, y), (x, 1 - y), classes=2) == 0
