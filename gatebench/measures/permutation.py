"""The unpaired permutation test of two arms: its p-value, and the interval of the difference that the same test gives.

The test of the difference δ first subtracts δ from the arm's scores. The interval contains each δ that has a p(δ) of
more than 1 - level.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, islice
from math import comb, floor

import numpy as np
from numpy.typing import NDArray

from gatebench.measures.estimates import finite

Floats = NDArray[np.float64]

MOST_SPLITS = 25_000
"""The largest number of splits that are listed. Mirror images do not count: 9 scores in each arm have 24,310 splits. If
there are more, this number is sampled."""

_ORDERS_AT_ONCE = 250  # all orders together would need gigabytes for thousands of scores

_PAIRS_AT_ONCE = 16  # the sums of all pairs together would need gigabytes for thousands of arms

_MOST_COARSELY_SORTED = 2**14  # with more numbers in a row, too many of them share their first 16 bits

TIE = 1e-9
"""The relative margin within which two statistics are tied. Sums that are equal on paper differ by rounding."""


def smallest_p(n1: int, n2: int) -> float:
    """Return the smallest p of `permutation_p` for arms with n1 and n2 scores.

    With n1 = n2 each split has a mirror image that is as extreme, so that the smallest p is 2 / C(2n, n).

    Examples:
        >>> [round(smallest_p(n, n), 5) for n in (1, 3, 4, 5, 8)]
        [1.0, 0.1, 0.02857, 0.00794, 0.00016]
    """
    return 1 / min(_number_of_splits(n1, n2), MOST_SPLITS)


def permutation_p(arm: Sequence[float], baseline: Sequence[float]) -> float:
    """Return the two-sided p of the permutation test of the studentised difference of two arms.

    The statistic is Welch's t = (mean₁ - mean₂) / √(s₁²/n₁ + s₂²/n₂). p is the share of the splits of all scores into
    groups of n₁ and n₂ that have a |t| at least as large as the observed one. Up to 9 scores in each arm p is exact.
    For more p is an estimate from 24,999 splits sampled with a fixed seed; the observed split is added to them, so p is
    never 0.
    If all scores within the groups of a split are equal, its |t| is infinite, and 0 if both groups are the same. The
    variance of a single score counts as 0.

    Source: Janssen 1997, "Studentized permutation tests for non-i.i.d. hypotheses and the generalized Behrens-Fisher
    problem", Statistics & Probability Letters 36; Chung & Romano 2013, Annals of Statistics 41.

    Raises:
        ValueError: a score is not finite.

    Examples:
        >>> permutation_p([4, 5, 6], [1, 2, 3])  # 2 of the 20 splits are as extreme
        0.1
        >>> permutation_p([1, 1, 1], [1, 1, 1])
        1.0
    """
    return split_test(arm, baseline).p()


@dataclass(frozen=True)
class _CentredScores:
    """The scores of two arms, centred such that both arms have the mean 0.

    Attributes:
        n1: the number of the arm's scores.
        n2: the number of the baseline's scores.
        difference: the arm's mean minus the baseline's.
        scale: the largest of both ranges and the absolute difference.
        columns: the numbers of which a test needs the sums in each group, shape (n1 + n2, columns).
    """

    n1: int
    n2: int
    difference: float
    scale: float
    columns: Floats

    @classmethod
    def of(cls, arm: Sequence[float], baseline: Sequence[float]) -> "_CentredScores":
        """Centre the scores of two arms."""
        first, second = np.array(finite(arm), dtype=float), np.array(finite(baseline), dtype=float)
        difference = float(first.mean() - second.mean())
        scale = float(max(np.ptp(first), np.ptp(second), abs(difference)))
        scores = np.concatenate([first - first.mean(), second - second.mean()])
        from_arm = np.arange(scores.size) < first.size
        columns = [scores] if first.size == second.size else [scores, scores**2, scores * from_arm]
        return cls(first.size, second.size, difference, scale, np.stack(columns, axis=1))


def split_test(arm: Sequence[float], baseline: Sequence[float]) -> "SplitTest":
    """Return the permutation test of two arms."""
    return next(split_tests([(arm, baseline)]))[1]


def split_tests(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> "Iterator[tuple[int, SplitTest]]":
    """Yield the index of each pair of arms and its permutation test, in any order.

    Pairs with equal numbers of scores share one matrix product: reading the splits takes longer than the product.
    """
    scores = [_CentredScores.of(arm, baseline) for arm, baseline in pairs]
    for sizes in dict.fromkeys((one.n1, one.n2) for one in scores):
        splits = _splits(*sizes)
        same = [index for index, one in enumerate(scores) if (one.n1, one.n2) == sizes]
        for start in range(0, len(same), _PAIRS_AT_ONCE):
            part = same[start : start + _PAIRS_AT_ONCE]
            sums = splits.in_first @ np.concatenate([scores[index].columns for index in part], axis=1)
            for index, of_pair in zip(part, np.split(sums, len(part), axis=1), strict=True):
                yield index, SplitTest(scores[index], splits, of_pair)


class SplitTest:
    """The permutation test of `permutation_p` for each difference δ, and its interval.

    The scores are centred such that both arms have the mean 0. The shift u is what remains of the arm's difference:
    u = δ - (mean₁ - mean₂). Then the observed difference is -u, and that of a split is D - u·c.
    """

    def __init__(self, scores: _CentredScores, splits: "_Splits", sums: Floats) -> None:
        self.n1, self.n2, self.difference, self.scale = scores.n1, scores.n2, scores.difference, scores.scale
        self.splits = splits
        # Of each column: the sums in the first and in the second group of each split.
        columns = zip(scores.columns.T, np.ascontiguousarray(sums.T), strict=True)
        self.sums = [(first, column.sum() - first) for column, first in columns]
        self.constants = self.sums[0][0] / self.n1 - self.sums[0][1] / self.n2

    def p(self, delta: float = 0.0) -> float:
        """Return the p of the hypothesis that the difference is delta, see `permutation_p`."""
        shift = delta - self.difference
        if abs(shift) <= TIE * self.scale:
            return 1.0
        return float(np.mean(self._as_extreme(shift)))

    def _as_extreme(self, shift: float) -> NDArray[np.bool_]:
        """Return for each split whether its |t| is at least the observed one, shape (splits,)."""
        differences = np.abs(self.constants - shift * self.splits.slopes)
        if self.n1 == self.n2:
            # The sum of squares of all scores is fixed, so that |t| grows with the difference of the means.
            larger: NDArray[np.bool_] = differences >= abs(shift) * (1 - TIE)
            return larger
        constant, linear, quadratic = self._variances
        rounding = TIE * 1e-3 * (self.scale**2 + shift**2)
        variances = constant + shift * linear + shift**2 * quadratic
        variances[variances <= rounding] = 0.0
        as_extreme: NDArray[np.bool_] = differences**2 * variances[0] >= shift**2 * variances * (1 - TIE)
        return as_extreme

    @cached_property
    def _variances(self) -> tuple[Floats, Floats, Floats]:
        """The variance of each split's difference, s₁²/n₁ + s₂²/n₂, as a polynomial in u: three of shape (splits,)."""
        constant, linear, quadratic = np.zeros((3, len(self.constants)))
        for group, n in enumerate((self.n1, self.n2)):
            if n > 1:  # the variance of a single score counts as 0
                sums, squares, arm_sums = (column[group] for column in self.sums)
                counts = self.splits.counts[group]
                degrees = n * (n - 1)
                constant += (squares - sums**2 / n) / degrees
                linear -= 2 * (arm_sums - sums * counts / n) / degrees
                quadratic += (counts - counts**2 / n) / degrees
        return constant, linear, quadratic

    def interval(self, level: float) -> tuple[float, float] | None:
        """Return the smallest interval that contains each δ with p(δ) > 1 - level.

        Returns:
            the ends; None if the smallest p of the test is greater than 1 - level: the test rejects no difference.
        """
        alpha = (1 - level) * (1 + TIE)
        if smallest_p(self.n1, self.n2) > alpha:
            return None
        if self.n1 == self.n2:
            below, above = largest_shifts(self.constants, self.splits.slopes, alpha)
        else:
            below, above = self._search(-1, alpha), self._search(1, alpha)
        return self.difference - below, self.difference + above

    def _search(self, side: int, alpha: float) -> float:
        """Return the largest |u| on one side with p > alpha, by bisection."""
        inside, outside = 0.0, self.scale or 1.0
        if not self.scale:
            return 0.0
        while np.mean(self._as_extreme(side * outside)) > alpha:
            inside, outside = outside, 2 * outside
        while outside - inside > 5e-4 * outside and outside > TIE * self.scale:
            middle = (inside + outside) / 2
            if np.mean(self._as_extreme(side * middle)) > alpha:
                inside = middle
            else:
                outside = middle
        return outside


def _number_of_splits(n1: int, n2: int) -> int:
    """Return the number of splits, without mirror images if there are any."""
    return comb(n1 + n2, n1) // (2 if n1 == n2 else 1)


@dataclass(frozen=True)
class _Splits:
    """The splits of n1 + n2 scores. Split 0 is the observed one.

    Attributes:
        in_first: 1 for the scores in the first group, else 0, shape (splits, n1 + n2).
        counts: the number of the arm's scores in the first and in the second group, each of shape (splits,).
        slopes: counts[0] / n1 - counts[1] / n2, the c of `SplitTest`, shape (splits,).
    """

    in_first: Floats
    counts: tuple[Floats, Floats]
    slopes: Floats


def random_orders(count: int, total: int) -> Iterator[NDArray[np.int_]]:
    """Yield `count` random orders of `total` scores, the same in every call, in parts of the shape (orders, total)."""
    return map(sorting_orders, _random_numbers(count, total))


def _random_numbers(count: int, total: int) -> Iterator[Floats]:
    """Yield `count` rows of `total` uniform random numbers, the same in every call, some rows at a time."""
    random = np.random.default_rng(0)
    for start in range(0, count, _ORDERS_AT_ONCE):
        yield random.random((min(_ORDERS_AT_ONCE, count - start), total))


def sorting_orders(numbers: Floats) -> NDArray[np.int_]:
    """Return `np.argsort(numbers, axis=1)` of distinct numbers in [0, 1), in less than half of the time.

    NumPy sorts integers of 16 bits in linear time. So each row is first sorted by 2^16 · number, rounded down. Then
    neighbours in the wrong order, which are few, are exchanged until there are none.
    """
    rows, total = numbers.shape
    if total > _MOST_COARSELY_SORTED:
        return np.argsort(numbers, axis=1)
    orders = np.argsort((numbers * 2.0**16).astype(np.uint16), axis=1, kind="stable")
    indices = orders.reshape(-1)
    sorted_numbers = np.take_along_axis(numbers, orders, axis=1).reshape(-1)
    ends_of_rows = np.arange(1, rows) * total - 1
    while True:
        wrong = sorted_numbers[:-1] > sorted_numbers[1:]
        wrong[ends_of_rows] = False
        left = np.flatnonzero(wrong)
        if not left.size:
            return orders
        left = left[np.diff(left, prepend=-2) > 1]  # pairs that share no number
        for values in (sorted_numbers, indices):
            values[left], values[left + 1] = values[left + 1], values[left]


@lru_cache(maxsize=4)
def _splits(n1: int, n2: int) -> _Splits:
    total = n1 + n2
    if _number_of_splits(n1, n2) <= MOST_SPLITS:
        # `combinations` begins with those that contain score 0, and the others are their mirror images if n1 = n2.
        chosen = np.array(list(islice(combinations(range(total), n1), _number_of_splits(n1, n2))))
        in_first = np.zeros((len(chosen), total))
        np.put_along_axis(in_first, chosen, 1.0, axis=1)
    else:
        in_first = np.empty((MOST_SPLITS, total))
        parts = np.split(in_first, range(_ORDERS_AT_ONCE, MOST_SPLITS, _ORDERS_AT_ONCE))
        for part, numbers in zip(parts, _random_numbers(MOST_SPLITS, total), strict=True):
            # The first n1 scores of the random order that sorts the numbers.
            part[:] = numbers <= np.partition(numbers, n1 - 1, axis=1)[:, n1 - 1 : n1]
        in_first[0] = np.arange(total) < n1
    count = in_first[:, :n1].sum(axis=1)
    return _Splits(in_first, (count, n1 - count), count / n1 - (n1 - count) / n2)


def largest_shifts(constants: Floats, slopes: Floats, alpha: float) -> tuple[float, float]:
    """Return the largest shifts u down and up for which more than a share alpha of the |D - u·c| is at least |u|.

    The inequality holds for u from 0 to max(D / (1 + c), -D / (1 - c)); downwards D changes its sign. The ends are
    quantiles of these numbers.
    """
    rank = floor(alpha * constants.size) + 1  # from the largest
    ends = []
    for sign in (-1, 1):
        moved = sign * constants
        with np.errstate(divide="ignore", invalid="ignore"):
            limits = np.maximum(moved / (1 + slopes), -moved / (1 - slopes))
        limits[np.abs(slopes) > 1 - TIE] = np.inf  # the observed split, and its mirror image
        ends.append(max(float(np.partition(limits, limits.size - rank)[limits.size - rank]), 0.0))
    return ends[0], ends[1]
