"""How numbers are written in tables: percent, decimals, signs, intervals and –."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from statistics import median_low

from gatebench.measures.comparisons import Comparison
from gatebench.measures.estimates import Estimate
from gatebench.task import Metric

MISSING = "–"
"""The text of a missing value."""

ARROW = {"max": "↑", "min": "↓"}
"""The arrows of a metric's direction: higher is better, lower is better."""

SHARES = ("accuracy", "error_rate")
"""The ends of the names of metrics without a unit that are written in percent although no bounds are declared."""

SCIENTIFIC = 1e6
"""Values from here on are written as "1.23e8"."""

MOST_DIGITS = 6
"""The largest number of digits that decimals give to a typical value of a column."""


MOST_DECIMALS = 9
"""The largest number of decimals."""


@dataclass(frozen=True)
class NumberFormat:
    """How the values of one column are written.

    Attributes:
        factor: the factor that a value is multiplied by, 100 for percent.
        decimals: the number of decimals.
        unit: the unit in the title of the column.
        tiny: whether all values are written as "1.23e−8", because too many decimals would be needed.
    """

    factor: float
    decimals: int
    unit: str
    tiny: bool = False

    def number(self, value: float, *, sign: bool = False) -> str:
        """Return a value, e.g. "92.31", or "+92.31" with a sign. Values of a million or more are "1.23e8"."""
        scaled = self.factor * value
        if not isfinite(scaled):
            return ("−" if scaled < 0 else "+" if sign else "") + "∞" if scaled == scaled else MISSING
        plus = "+" if sign else ""
        if abs(scaled) >= SCIENTIFIC or (self.tiny and scaled):
            mantissa, _, exponent = f"{scaled:{plus}.2e}".partition("e")
            return f"{mantissa}e{int(exponent)}".replace("-", "−")
        return f"{scaled:{plus}z.{self.decimals}f}".replace("-", "−")

    def estimate(self, estimate: Estimate, *, sign: bool = False) -> str:
        """Return a mean and its interval.

        The interval is "92.31 ± 0.45" if the mean is its middle, else "99.9 [99.5, 100.0]". One value has no interval.
        """
        mean = self.number(estimate.mean, sign=sign)
        if estimate.low is None or estimate.high is None:
            return mean
        if estimate.half_width is not None and estimate.symmetric and not estimate.clipped:
            return f"{mean} ± {self.number(estimate.half_width)}"
        return f"{mean} [{self.number(estimate.low, sign=sign)}, {self.number(estimate.high, sign=sign)}]"


def number_format(metric: Metric, estimates: Iterable[Estimate]) -> NumberFormat:
    """Return the format of a column: two digits of its smallest interval, so that every interval can be read.

    Without an interval, percents have two decimals, and other columns have four digits of a typical value.

    Args:
        metric: the metric. Shares, which have no unit and are at most 1, are written in percent.
        estimates: the estimates in the column.
    """
    estimates = list(estimates)
    is_share = not metric.unit and (metric.name.endswith(SHARES) or metric.high == 1)
    factor, unit = (100.0, "%") if is_share else (1.0, metric.unit)
    typical = _typical([factor * abs(one.mean) for one in estimates])
    widths = [factor * (one.high - one.low) / 2 for one in estimates if one.high is not None and one.low is not None]
    widths = [width for width in widths if 0 < width < float("inf")]
    if widths:
        decimals = min(1 - floor(log10(min(widths))), MOST_DIGITS - 1 - floor(log10(typical)))
    else:
        decimals = 2 if is_share else 3 - floor(log10(typical))
    return NumberFormat(factor, min(max(decimals, 0), MOST_DECIMALS), unit, decimals > MOST_DECIMALS)


def _typical(magnitudes: Sequence[float]) -> float:
    """Return the (lower) median of the magnitudes that are neither 0 nor infinite; 1 if there are none."""
    known = [magnitude for magnitude in magnitudes if 0 < magnitude < float("inf")]
    return median_low(known) if known else 1.0


def score_title(metric: Metric, unit: str) -> str:
    """Return the title of the score's column, e.g. "accuracy % ↑"."""
    return one_line(f"{metric.name.replace('_', ' ')} {unit} {ARROW[metric.direction]}")


def p_value(p: float) -> str:
    """Return a p-value with three decimals, e.g. "0.039" or "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_text(comparison: Comparison) -> str:
    """Return the corrected p-value with "(rank)" behind it if it compares ranks.

    It is "n too small" if no p-value of 0.05 or less could be reached.
    """
    if not comparison.attainable:
        return "n too small"
    return p_value(comparison.p_corrected) + (" (rank)" if comparison.by_rank else "")


EFFECT = NumberFormat(1.0, 1, "")
"""The format of effect sizes."""


def effect_text(effect: Estimate | None) -> str:
    """Return an effect size with its interval, e.g. "−1.2 [−2.3, −0.1]"."""
    if effect is None:
        return MISSING
    if effect.low is None or effect.high is None:
        return EFFECT.number(effect.mean, sign=True)
    low, high = (EFFECT.number(end, sign=True) for end in (effect.low, effect.high))
    return f"{EFFECT.number(effect.mean, sign=True)} [{low}, {high}]"


def count_text(value: float | None) -> str:
    """Return a whole number with separators, e.g. "17,640"."""
    return MISSING if value is None else f"{value:,.0f}"


def seconds_text(value: float | None) -> str:
    """Return a duration in whole seconds, or with three digits below ten."""
    return count_text(value) if value is None or value >= 10 else f"{value:.3g}"


def one_line(text: str) -> str:
    """Return a text as one line of printable characters, so that it cannot control a terminal."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
