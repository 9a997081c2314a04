"""The interval in which a published value is expected if the publication's runs have the distribution of our scores."""

from collections.abc import Sequence
from math import sqrt
from statistics import mean, stdev

from gatebench.measures.distributions import t_quantile
from gatebench.measures.estimates import LEVEL


def expected_interval(
    scores: Sequence[float], *, runs: int | None = None, sd: float | None = None, digit: float = 0.0
) -> tuple[float, float] | None:
    """Return the 95 % interval in which a published mean is expected.

    Without a published standard deviation it is the prediction interval for the mean of `runs` further scores:
    mean ± t(0.975, n - 1) · s · √(1/n + 1/runs). With one it contains the means that Welch's t test does not reject:
    mean ± t(0.975, ν) · √(s²/n + sd²/runs), ν of Welch and Satterthwaite. Both are widened by half a unit of the last
    printed digit, because the published value is rounded.

    Args:
        scores: our n scores.
        runs: the number of runs of the published mean; None if it is not known: one run.
        sd: the published sample standard deviation of the runs. It counts if there are at least two runs.
        digit: the size of one unit of the last printed digit.

    Returns:
        the lower and the upper end; None if there are fewer than two scores.

    Examples:
        >>> low, high = expected_interval([8.4, 8.5, 8.6], digit=0.01)
        >>> round(low, 2), round(high, 2)
        (8.0, 9.0)
        >>> low, high = expected_interval([8.4, 8.5, 8.6], runs=10, sd=0.1)
        >>> round(low, 2), round(high, 2)
        (8.3, 8.7)
    """
    n = len(scores)
    if n < 2:
        return None
    middle, own = mean(scores), stdev(scores) ** 2
    if sd is not None and runs is not None and runs > 1:
        first, second = own / n, sd**2 / runs
        error = sqrt(first + second)
        share = first / (first + second) if error else 0.0
        freedom = 1 / (share**2 / (n - 1) + (1 - share) ** 2 / (runs - 1))
    else:
        error, freedom = sqrt(own * (1 / n + 1 / (runs or 1))), n - 1.0
    half_width = t_quantile(freedom, (1 + LEVEL) / 2) * error + digit / 2
    return middle - half_width, middle + half_width
