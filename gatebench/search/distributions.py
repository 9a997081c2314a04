"""The distributions that a search draws settings from. Each maps a number from 0 to 1 to a value.

The map is the inverse of the distribution function, so one number means the same quantile in every distribution.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from gatebench.errors import UserError

DIGITS = 6
"""The number of significant digits of a drawn fraction. A printed value is exactly the value of the trial."""

_TEXT = re.compile(r"(?:tag\(log, )?(?:int\()?interval\((?P<low>[^(), ]+), (?P<high>[^(), ]+)\)+")


@dataclass(frozen=True)
class NumberRange:
    """A uniform distribution of numbers, on a linear or a logarithmic scale. Both bounds can be drawn.

    Attributes:
        low: the smallest value.
        high: the largest value.
        log: whether the logarithm of the value is uniform.
        whole: whether the values are whole numbers.

    Raises:
        UserError: the bounds are not finite or in the wrong order, a logarithmic scale contains 0, or there is only
            one value.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise UserError(f"{self} has an infinite bound; both bounds must be finite numbers.")
        if self.low > self.high:
            raise UserError(f"{self} has its bounds in the wrong order; write the smaller one first.")
        if self.low == self.high:
            raise UserError(f"{self} has only one value; write the value itself, or two different bounds.")
        if self.log and self.low <= 0:
            raise UserError(
                f"{self} has the lower bound {self.low:g}; on a logarithmic scale it must be greater than 0."
            )

    @classmethod
    def of(cls, text: str) -> "NumberRange | None":
        """Return the distribution that `str` wrote as this text; None if it wrote no distribution of numbers so.

        Examples:
            >>> print(NumberRange.of("tag(log, int(interval(8, 512)))"))
            tag(log, int(interval(8, 512)))
            >>> NumberRange.of("tag(draw, choice(adam, sgd))") is None
            True
        """
        if (match := _TEXT.fullmatch(text)) is None:
            return None
        try:
            found = cls(float(match["low"]), float(match["high"]), log="log" in text, whole="int(" in text)
        except (ValueError, UserError):
            return None
        return found if str(found) == text else None

    def value(self, quantile: float) -> float | int:
        """Return the value at a quantile: fractions are rounded to `DIGITS` significant digits.

        Args:
            quantile: a number that is at least 0 and less than 1.
        """
        margin = 0.5 if self.whole else 0.0  # so that the bounds are as likely as the other whole numbers
        low, high = self.low - margin, self.high + margin
        if self.log:
            number = math.exp(math.log(low) + quantile * (math.log(high) - math.log(low)))
        else:
            number = low + quantile * (high - low)
        if self.whole:
            return min(max(math.floor(number + 0.5), int(self.low)), int(self.high))
        return self.rounded(number)

    def rounded(self, number: float) -> float:
        """Return a fraction with `DIGITS` significant digits, within the bounds."""
        return min(max(float(f"{number:.{DIGITS}g}"), self.low), self.high)

    def __str__(self) -> str:
        bounds = f"interval({_number(self.low)}, {_number(self.high)})"
        typed = f"int({bounds})" if self.whole else bounds
        return f"tag(log, {typed})" if self.log else typed


@dataclass(frozen=True)
class DrawnChoice:
    """Some values that are drawn with equal probabilities.

    Attributes:
        values: the values.
        text: their text in a config, for example "tag(draw, choice(adam, sgd))".

    Raises:
        UserError: there are fewer than two values.
    """

    values: tuple[Any, ...]
    text: str

    def __post_init__(self) -> None:
        if len(self.values) < 2:
            raise UserError(f"{self.text} has fewer than two values; write the value itself, or several values.")

    def value(self, quantile: float) -> Any:
        """Return the value at a quantile, which is at least 0 and less than 1."""
        return self.values[min(int(quantile * len(self.values)), len(self.values) - 1)]

    def __str__(self) -> str:
        return self.text


Distribution = NumberRange | DrawnChoice


def _number(number: float) -> str:
    """Return a bound as a short text that has the same value."""
    return str(int(number)) if abs(number) < 1e15 and number == int(number) else repr(number)
