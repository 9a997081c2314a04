"""The scores of an arm, and the ranks of two arms of which some trials diverged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Direction = Literal["max", "min"]
"""Whether a higher or a lower score is better."""


@dataclass(frozen=True)
class ArmScores:
    """The scores of an arm: one cell on one task.

    Attributes:
        scores: {seed: score} of the trials that have a score.
        diverged: the seeds of the trials that diverged without a score. Each counts as worse than any score.
    """

    scores: Mapping[int, float]
    diverged: frozenset[int] = frozenset()

    @property
    def seeds(self) -> frozenset[int]:
        """The seeds of all trials that count."""
        return self.diverged.union(self.scores)

    @property
    def n(self) -> int:
        """The number of trials that count."""
        return len(self.seeds)

    def values(self) -> list[float]:
        """Return the scores in the order of their seeds."""
        return [self.scores[seed] for seed in sorted(self.scores)]

    def with_worst(self, direction: Direction) -> dict[int, float]:
        """Return {seed: score} in which a diverged trial has an infinite score, the worst one."""
        worst = float("-inf") if direction == "max" else float("inf")
        return dict.fromkeys(sorted(self.diverged), worst) | dict(self.scores)


def midranks(first: Sequence[float], second: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return the ranks of the scores among all scores of both arms, from 1. Tied scores have their mean rank.

    Examples:
        >>> midranks([0.5, 0.9], [0.5, float("-inf")])
        ([2.5, 4.0], [2.5, 1.0])
    """
    ranked = ranks([*first, *second]).tolist()
    return ranked[: len(first)], ranked[len(first) :]


def ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Return the ranks of the values, from 1, shape (values,). Tied values have their mean rank.

    Examples:
        >>> ranks([7.0, 5.0, 7.0, 9.0]).tolist()
        [2.5, 1.0, 2.5, 4.0]
    """
    _, group, sizes = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return (last - (sizes - 1) / 2)[group]
