"""How numbers are written for a reader: percent, decimals, signs, ± and –."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, log10

from gatebench.measures.arm_statistics import Comparison, Estimate
from gatebench.task import Metric

NONE = "–"
ARROW = {"max": "↑", "min": "↓"}
SHARES = ("accuracy", "error_rate")  # ratios that the field writes in percent


@dataclass(frozen=True)
class NumberFormat:
    """How the values of one metric are written: times `factor`, with `decimals`, counted in `unit`."""

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
        """Return a signed difference and its interval, with the number of its pairs where that is not `pairs`."""
        number = f"{self.factor * difference.mean:+z.{self.decimals}f}".replace("-", "−")
        odd = "" if difference.n == pairs else f" (n={difference.n})"
        return number + self._half_width(difference) + odd

    def _half_width(self, estimate: Estimate) -> str:
        return "" if estimate.half_width is None else f" ± {self.number(estimate.half_width)}"


def number_format(metric: Metric, values: Iterable[float]) -> NumberFormat:
    """Return how to write a metric: accuracies in percent with two decimals, others with four digits of the largest."""
    if not metric.unit and metric.name.endswith(SHARES):
        return NumberFormat(100.0, 2, "%")
    largest = max(map(abs, values), default=0.0)
    return NumberFormat(1.0, min(max(3 - floor(log10(largest)), 0), 12) if largest else 3, metric.unit)


def heading(metric: Metric, unit: str) -> str:
    """Return a column's title, e.g. "accuracy % ↑": the arrow says which way is better."""
    return " ".join(part for part in (metric.name.replace("_", " "), unit, ARROW[metric.direction]) if part)


def p_value(comparison: Comparison) -> str:
    """Return the corrected p, or that there were too few seeds for any."""
    if not comparison.attainable:
        return "n too small"
    return "< 0.001" if comparison.p_holm < 0.001 else f"{comparison.p_holm:.3f}"


def count(value: float | None) -> str:
    """Return a whole number with separators, e.g. "17,640"."""
    return NONE if value is None else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    """Return a duration in whole seconds, with three digits below ten."""
    return count(value) if value is None or value >= 10 else f"{value:.3g}"


def one_line(text: str) -> str:
    """Return a text from elsewhere in one line of printable characters, so that it cannot steer a terminal."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
