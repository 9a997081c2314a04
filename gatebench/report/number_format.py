"""How numbers are written in tables: percent, decimals, signs, ± and –."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, log10

from gatebench.measures.comparisons import Comparison
from gatebench.measures.estimates import Estimate
from gatebench.task import Metric

MISSING = "–"
"""The text of a missing value."""

ARROW = {"max": "↑", "min": "↓"}
"""The arrows of a metric's direction: higher is better, lower is better."""

SHARES = ("accuracy", "error_rate")
"""The ends of the names of metrics without a unit that are written in percent."""


@dataclass(frozen=True)
class NumberFormat:
    """How the values of one metric are written.

    Attributes:
        factor: the factor that a value is multiplied by, 100 for percent.
        decimals: the number of decimals.
        unit: the unit in the title of the column.
    """

    factor: float
    decimals: int
    unit: str

    def number(self, value: float) -> str:
        """Return a value, e.g. "92.31"."""
        return f"{self.factor * value:z.{self.decimals}f}".replace("-", "−")

    def estimate(self, estimate: Estimate) -> str:
        """Return a mean and its interval, e.g. "92.31 ± 0.45"."""
        return self.number(estimate.mean) + self._half_width(estimate)

    def difference(self, difference: Estimate, pairs: int) -> str:
        """Return a signed difference and its interval, e.g. "−0.45 ± 0.30 (n=7)".

        Args:
            difference: the mean of the paired differences.
            pairs: the usual number of pairs. Another number is written in brackets.
        """
        number = f"{self.factor * difference.mean:+z.{self.decimals}f}".replace("-", "−")
        unusual = "" if difference.n == pairs else f" (n={difference.n})"
        return number + self._half_width(difference) + unusual

    def _half_width(self, estimate: Estimate) -> str:
        return "" if estimate.half_width is None else f" ± {self.number(estimate.half_width)}"


def number_format(metric: Metric, values: Iterable[float]) -> NumberFormat:
    """Return the format of a metric: accuracies in percent with two decimals, others with four digits.

    Args:
        metric: the metric.
        values: all values. The largest one has four digits, and all have the same number of decimals.
    """
    if not metric.unit and metric.name.endswith(SHARES):
        return NumberFormat(100.0, 2, "%")
    largest = max(map(abs, values), default=0.0)
    return NumberFormat(1.0, min(max(3 - floor(log10(largest)), 0), 12) if largest else 3, metric.unit)


def score_title(metric: Metric, unit: str) -> str:
    """Return the title of the score's column, e.g. "accuracy % ↑"."""
    return " ".join(part for part in (metric.name.replace("_", " "), unit, ARROW[metric.direction]) if part)


def p_text(comparison: Comparison) -> str:
    """Return the corrected p-value, or "n too small" if no p-value of 0.05 could be reached."""
    if not comparison.attainable:
        return "n too small"
    return "< 0.001" if comparison.p_corrected < 0.001 else f"{comparison.p_corrected:.3f}"


def count_text(value: float | None) -> str:
    """Return a whole number with separators, e.g. "17,640"."""
    return MISSING if value is None else f"{value:,.0f}"


def seconds_text(value: float | None) -> str:
    """Return a duration in whole seconds, or with three digits below ten."""
    return count_text(value) if value is None or value >= 10 else f"{value:.3g}"


def one_line(text: str) -> str:
    """Return a text as one line of printable characters, so that it cannot control a terminal."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
