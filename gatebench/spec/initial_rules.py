"""The rules for initial weights and biases, as a config writes them.

`gatebench.nn.initial_weights` fills the weights by these rules.
"""

from gatebench.errors import UserError, out_of_range
from gatebench.spec.expression import IDENTIFIER, LARGEST

Bias = float | str | None
"""An initial bias.

- a number: all units have this value;
- "chrono": b = log u, u uniform in [1, T - 1] (Tallec & Ollivier 2018, arXiv 1804.11188, section 2);
- "-f": minus the bias of the gate f;
- None: the gate has no bias.
"""

RULED_LETTERS = ("W", "R", "p")
"""The letters of the weights that a rule can set: W input weights, R recurrent weights, p peepholes."""

_COUNTS = {"identity": (0,), "normal": (1,), "uniform": (0, 2)}
"""How many numbers can follow the word of a rule."""


def bias_rule(value: object) -> Bias:
    """Return the initial bias that a config's value stands for. Integers become floats, so that 1 and 1.0 are one rule.

    Raises:
        UserError: the value is no initial bias.
    """
    if value is None or value == "chrono":
        return value
    if isinstance(value, str) and value.startswith("-") and IDENTIFIER.match(value[1:]):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST:
        return float(value)
    raise out_of_range("An initial bias", value, "a number, chrono, -GATE for minus the bias of another gate, or off")


def negated_gate(bias: Bias) -> str | None:
    """Return the gate f of a bias "-f"; None for all other biases."""
    return bias[1:] if isinstance(bias, str) and bias.startswith("-") else None


def weight_rule(text: str) -> tuple[str, tuple[float, ...]]:
    """Return the word and the numbers of a rule for initial weights: "normal 0.001" → ("normal", (0.001,)).

    - "uniform": uniform in ±1/√H;
    - "uniform LOW HIGH": uniform between the two numbers;
    - "normal DEVIATION": normal with mean 0 and this standard deviation;
    - "identity": the identity matrix; 1 for a vector.

    Raises:
        UserError: there is no such rule.
    """
    word, *parts = str(text).split() or [""]
    try:
        numbers = tuple(map(float, parts))
    except ValueError:
        numbers = (float("nan"),)
    if (
        len(numbers) not in _COUNTS.get(word, ())
        or not all(abs(number) < LARGEST for number in numbers)
        or (word == "normal" and numbers[0] < 0)
        or (len(numbers) == 2 and numbers[0] > numbers[1])
    ):
        allowed = "uniform, uniform LOW HIGH, identity, normal DEVIATION"
        raise UserError(f"There is no rule for initial weights {text!r}; allowed: {allowed}.")
    return word, numbers
