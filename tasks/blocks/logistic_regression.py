"""A baseline of classification without recurrence: multinomial logistic regression on all inputs at once.

It is written by hand because scikit-learn takes a second to import, and every trial computes its baselines. The
objective and its strength of regularisation are those of scikit-learn's `LogisticRegression`.

N examples, P inputs, C classes.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

STEPS = 200  # of L-BFGS; a few dozen are enough
TOLERANCE = 1e-6  # of the gradient of the mean loss


def logistic_regression_accuracy(train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], *, classes: int) -> float:
    """Return the accuracy on `test` of logistic regression, fitted on `train`.

    The weights minimise the sum of the cross-entropies in nats, plus half of the squared norm of the weights without
    the biases. The minimum is unique up to a shift of all biases, so the result does not depend on a seed.

    Args:
        train: the inputs (N, P) and the classes (N,).
        test: likewise.
        classes: C.
    """
    inputs, y = train[0].double(), train[1]
    weights = torch.zeros(inputs.shape[1], classes, dtype=torch.float64, requires_grad=True)
    biases = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    optimizer: Any = torch.optim.LBFGS(  # its methods have no types
        [weights, biases], max_iter=STEPS, tolerance_grad=TOLERANCE, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = functional.cross_entropy(inputs @ weights + biases, y) + weights.square().sum() / (2 * len(y))
        torch.autograd.backward(loss)
        return loss

    with torch.enable_grad():
        optimizer.step(closure)
    with torch.no_grad():
        guesses = (test[0].double() @ weights + biases).argmax(-1)
        return float((guesses == test[1]).double().mean())
