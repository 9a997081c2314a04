"""The correction of p-values for several comparisons."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for several comparisons, in the given order.

    The p-value of rank k of m, from 0, is multiplied by m - k. No corrected value is less than that of a smaller
    p-value, or greater than 1. If each p-value is valid, the probability that any true hypothesis is rejected is at
    most the level, for any dependence of the tests (Holm 1979, "A simple sequentially rejective multiple test
    procedure", Scandinavian Journal of Statistics 6).

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
