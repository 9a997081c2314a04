"""Statistics of paired runs: small pure functions. An arm is {seed: score}; arms are paired by their seeds."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import mean, stdev
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

LEVEL = 0.95
ALPHA = 0.05
MOST_PAIRS = 40  # 2^20 sums on either side of the exact `sign_flip_p`
DRAWS = 99_999

Arm = Mapping[int, float]
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Estimate:
    """A mean over n values, and half the width of its 95 % Student-t interval (None for one value: no spread seen)."""

    mean: float
    half_width: float | None
    n: int

    @property
    def low(self) -> float | None:
        """The interval's lower end."""
        return None if self.half_width is None else self.mean - self.half_width

    @property
    def high(self) -> float | None:
        """The interval's upper end."""
        return None if self.half_width is None else self.mean + self.half_width

    def excludes_zero(self) -> bool:
        """Whether there is an interval, and 0 lies outside of it."""
        return self.half_width is not None and abs(self.mean) > self.half_width


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of `values` with its interval: t(0.975, n - 1) · s / √n, s the sample standard deviation.

    Raises:
        ValueError: there is no value, or one is not finite.
    """
    n = len(_finite(values))
    if not n:
        raise ValueError("the mean of no values is not defined")
    half_width = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * stdev(values) / sqrt(n) if n > 1 else None
    return Estimate(float(mean(values)), half_width, n)


def paired_differences(arm: Arm, baseline: Arm) -> list[float]:
    """Return arm - baseline for each seed that both have, in the order of the seeds."""
    return [arm[seed] - baseline[seed] for seed in sorted(arm.keys() & baseline.keys())]


def smallest_p(pairs: int) -> float:
    """Return the smallest two-sided p that the sign-flip test can reach with so many pairs: 2 / 2^n, 1 for none.

    >>> [smallest_p(n) for n in (3, 4, 5, 6, 8)]
    [0.25, 0.125, 0.0625, 0.03125, 0.0078125]
    """
    return min(1.0, 2.0 ** (1 - pairs))


def pairs_needed(comparisons: int) -> int:
    """Return the fewest pairs with which one of so many Holm-corrected comparisons can become significant at 0.05.

    >>> pairs_needed(1), pairs_needed(4)
    (6, 8)
    """
    return next(n for n in range(1, 2000) if smallest_p(n) * comparisons <= ALPHA)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Return the two-sided p of the sign-flip permutation test: how often random signs give as large an absolute sum.

    Exact up to 40 pairs: all 2^n sign patterns count, met in the middle, so that 40 pairs cost about 2^20 sums. Beyond,
    an estimate from 99,999 patterns drawn with a fixed seed, the observed one added, so that it is never 0.

    Raises:
        ValueError: a difference is not finite.
    """
    n = len(_finite(differences))
    # Sums that are equal on paper differ by rounding; the margin counts them as ties.
    reach = abs(sum(differences)) - 1e-9 * sum(map(abs, differences))
    if reach <= 0:
        return 1.0
    if n > MOST_PAIRS:
        signs = np.random.default_rng(0).integers(0, 2, (DRAWS, n), dtype=np.int8) * 2.0 - 1
        return float((1 + (abs(signs @ np.array(differences)) >= reach).sum()) / (1 + DRAWS))
    left, right = _signed_sums(differences[: n // 2]), np.sort(_signed_sums(differences[n // 2 :]))
    above = right.size - np.searchsorted(right, reach - left, side="left")
    below = np.searchsorted(right, -reach - left, side="right")
    return float((above.sum() + below.sum()) / 2.0**n)


def _signed_sums(values: Sequence[float]) -> NDArray[np.float64]:
    """Return ±v₁ ± v₂ … for every choice of signs, shape (2^len,)."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def _finite(values: Sequence[float]) -> Sequence[float]:
    if not all(map(isfinite, values)):
        raise ValueError(f"a value is not finite: {list(values)}")
    return values


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for testing them all (Holm 1979), in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


@dataclass(frozen=True)
class Comparison:
    """An arm against the baseline.

    difference: paired by seed. p: of the sign-flip test; p_holm: corrected over the comparisons made together.
    attainable: whether p_holm would be 0.05 or less if the pairs differed as clearly as so many can, all else as it is;
    if not, n was too small, and nothing is shown by a large p.
    """

    difference: Estimate
    p: float
    p_holm: float
    attainable: bool


def compare(arms: Mapping[Name, Arm], baseline: Name) -> dict[Name, Comparison]:
    """Return the comparison of every other arm that shares a seed with the baseline arm."""
    paired = {name: paired_differences(arm, arms[baseline]) for name, arm in arms.items() if name != baseline}
    paired = {name: differences for name, differences in paired.items() if differences}
    p_values = [sign_flip_p(differences) for differences in paired.values()]
    comparisons = {}
    for index, (name, differences) in enumerate(paired.items()):
        clearest = [*p_values[:index], smallest_p(len(differences)), *p_values[index + 1 :]]
        attainable = holm(clearest)[index] <= ALPHA
        comparisons[name] = Comparison(estimate(differences), p_values[index], holm(p_values)[index], attainable)
    return comparisons


def best(arms: Mapping[Name, Arm], direction: Literal["max", "min"]) -> set[Name]:
    """Return the arm with the best mean, and all that cannot be told from it.

    An arm is told from the best when the 95 % interval of their paired difference excludes 0 (not corrected for the
    number of arms); with fewer than two shared seeds there is no interval, and it is not.
    """
    if not arms:
        return set()
    sign = 1 if direction == "max" else -1
    top = max(arms.values(), key=lambda arm: sign * mean(arm.values()))
    differences = {name: paired_differences(arm, top) for name, arm in arms.items()}
    return {name for name, values in differences.items() if not values or not estimate(values).excludes_zero()}
