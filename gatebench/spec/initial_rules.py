"""How weights may start, as a config spells it; `gatebench.nn.initial_weights` draws them."""

from gatebench.errors import UserError, out_of_range
from gatebench.spec.expression import IDENTIFIER, LARGEST

Bias = float | str | None
"""An initial bias: a number, "chrono" (log-uniform in the time scale), "-f" (minus that of gate f), None for none."""

DRAWN = ("W", "R", "p")
"""The letters of the weights whose start a rule may set: input and recurrent matrices, peepholes."""

_NUMBERS = {"identity": (0,), "normal": (1,), "uniform": (0, 2)}  # how many numbers follow the word


def bias_rule(value: object) -> Bias:
    """Return the initial bias that `value` spells, numbers as floats.

    Raises:
        UserError: it spells none.
    """
    if value is None or value == "chrono":
        return value
    if isinstance(value, str) and value.startswith("-") and IDENTIFIER.match(value[1:]):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST:
        return float(value)
    raise out_of_range("An initial bias", value, "a number, chrono, -GATE for minus the bias of another gate, or off")


def mirrored(bias: Bias) -> str | None:
    """Return the gate whose bias this one is minus, if it is: "-f" → "f"."""
    return bias[1:] if isinstance(bias, str) and bias.startswith("-") else None


def start_rule(text: str) -> tuple[str, tuple[float, ...]]:
    """Return a rule's word and numbers: "normal 0.001" → ("normal", (0.001,)).

    Raises:
        UserError: there is no such rule.
    """
    word, *rest = str(text).split() or [""]
    try:
        numbers = tuple(map(float, rest))
    except ValueError:
        numbers = (float("nan"),)
    if (
        len(numbers) not in _NUMBERS.get(word, ())
        or not all(abs(number) < LARGEST for number in numbers)
        or (word == "normal" and numbers[0] < 0)
        or (len(numbers) == 2 and numbers[0] > numbers[1])
    ):
        allowed = "uniform, uniform LOW HIGH, identity, normal DEVIATION"
        raise UserError(f"There is no start rule {text!r}; allowed: {allowed}.")
    return word, numbers
