"""How much is forgotten when one thing is learnt after another: pure functions on the accuracy matrix.

R (T, T): R[i][j] is the accuracy on experience j after training on the experiences 0 to i, one after another.
"""

from collections.abc import Sequence
from statistics import fmean

Matrix = Sequence[Sequence[float]]


def average_accuracy(R: Matrix) -> float:
    """Return the mean accuracy on all experiences after the last one (ACC, Lopez-Paz & Ranzato 2017).

    Raises:
        ValueError: R is not square, or empty.
    """
    _check(R, 1)
    return fmean(R[-1])


def backward_transfer(R: Matrix) -> float:
    """Return how much the accuracy on an experience has changed since it was learnt (BWT, Lopez-Paz & Ranzato 2017).

    The mean over all experiences but the last; below 0 where later ones have done harm.

    Raises:
        ValueError: R is not square, or of fewer than two experiences.
    """
    _check(R, 2)
    return fmean(R[-1][j] - R[j][j] for j in range(len(R) - 1))


def forgetting(R: Matrix) -> float:
    """Return how far the accuracy on an experience has fallen below its best so far (Chaudhry et al. 2018).

    The mean over all experiences but the last; below 0 where the last one has done good.

    Raises:
        ValueError: R is not square, or of fewer than two experiences.
    """
    _check(R, 2)
    return fmean(max(row[j] for row in R[:-1]) - R[-1][j] for j in range(len(R) - 1))


def _check(R: Matrix, least: int) -> None:
    if len(R) < least or any(len(row) != len(R) for row in R):
        raise ValueError(
            f"The accuracy matrix has rows of {[len(row) for row in R]}; it must be square, {least} or more."
        )
