"""Metrics of continual learning: pure functions of the accuracy matrix R.

R (T, T): `R[i][j]` is the accuracy on experience j after training on the experiences 0 to i, one after another.
T is the number of experiences.
"""

from collections.abc import Sequence
from statistics import fmean

Matrix = Sequence[Sequence[float]]


def average_accuracy(R: Matrix) -> float:
    """Return the mean accuracy on all experiences after the last one (ACC, Lopez-Paz & Ranzato 2017).

    ACC = mean over j of `R[T-1][j]`.

    Raises:
        ValueError: R is not square, or empty.

    Examples:
        >>> average_accuracy([[0.9, 0.1], [0.6, 0.8]])
        0.7
    """
    _check(R, 1)
    return fmean(R[-1])


def backward_transfer(R: Matrix) -> float:
    """Return the mean change of the accuracy on an experience since it was learnt (BWT, Lopez-Paz & Ranzato 2017).

    BWT = mean over j < T-1 of `R[T-1][j] - R[j][j]`. It is negative if later experiences lowered the accuracy.

    Raises:
        ValueError: R is not square, or has fewer than two experiences.

    Examples:
        >>> round(backward_transfer([[0.9, 0.1], [0.6, 0.8]]), 4)
        -0.3
    """
    _check(R, 2)
    return fmean(R[-1][j] - R[j][j] for j in range(len(R) - 1))


def forgetting(R: Matrix) -> float:
    """Return the mean decrease of the accuracy on an experience from its earlier maximum (Chaudhry et al. 2018).

    F = mean over j < T-1 of the maximum over i < T-1 of `R[i][j] - R[T-1][j]`. It is negative if the last
    experience raised the accuracy above the earlier maximum.

    Raises:
        ValueError: R is not square, or has fewer than two experiences.

    Examples:
        >>> round(forgetting([[0.9, 0.1], [0.6, 0.8]]), 4)
        0.3
    """
    _check(R, 2)
    return fmean(max(row[j] for row in R[:-1]) - R[-1][j] for j in range(len(R) - 1))


def _check(R: Matrix, least: int) -> None:
    if len(R) < least or any(len(row) != len(R) for row in R):
        raise ValueError(
            f"The accuracy matrix has rows of {[len(row) for row in R]}; it must be square, {least} or more."
        )
