"""The rules for initial weights and biases, as a config writes them.

`gatebench.nn.initial_weights` fills the weights by these rules.
"""

from collections.abc import Mapping

from gatebench.errors import UserError, out_of_range, unknown
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

DEFAULT_WEIGHTS = "default"
"""The kind of initial weights of a network that sets no rule."""

SCALED_WEIGHTS = ("uniform", "normal")
"""The kinds of initial weights that have a scale."""

_KINDS: Mapping[str, Mapping[str, str]] = {
    DEFAULT_WEIGHTS: {},
    "uniform": dict.fromkeys(RULED_LETTERS, "uniform -{scale!r} {scale!r}"),
    "normal": dict.fromkeys(RULED_LETTERS, "normal {scale!r}"),
    "xavier_uniform": {"W": "xavier_uniform", "R": "xavier_uniform"},
    "xavier_normal": {"W": "xavier_normal", "R": "xavier_normal"},
    "orthogonal": {"W": "xavier_uniform", "R": "orthogonal"},
}
"""{kind of initial weights: {letter: rule}} for the letters that have another rule than "uniform"."""

WEIGHT_KINDS = tuple(_KINDS)
"""The kinds of initial weights that a network can have."""

_COUNTS = {
    "identity": (0,),
    "normal": (1,),
    "orthogonal": (0,),
    "uniform": (0, 2),
    "xavier_normal": (0,),
    "xavier_uniform": (0,),
}
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
    - "identity": the identity matrix; 1 for a vector;
    - "xavier_uniform", "xavier_normal", "orthogonal": as `torch.nn.init` fills a matrix; a vector is "uniform".

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
        allowed = "uniform, uniform LOW HIGH, identity, normal DEVIATION, orthogonal, xavier_uniform, xavier_normal"
        raise UserError(f"There is no rule for initial weights {text!r}; allowed: {allowed}.")
    return word, numbers


def network_rules(kind: str, scale: float | None) -> dict[str, str]:
    """Return the rules of a network for the letters of weights: {"W": "normal 0.1", …}. Other letters are "uniform".

    Args:
        kind: an item of `WEIGHT_KINDS`.
        scale: the bound of "uniform", the standard deviation of "normal", None for other kinds.

    Raises:
        UserError: the kind is unknown, a scale is missing or not positive, or the kind has none.

    Examples:
        >>> network_rules("orthogonal", None)
        {'W': 'xavier_uniform', 'R': 'orthogonal'}
    """
    if kind not in _KINDS:
        raise unknown("model.initial_weights", kind, WEIGHT_KINDS)
    if kind not in SCALED_WEIGHTS:
        if scale is not None:
            raise UserError(
                f"model.initial_scale is {scale:g}, but model.initial_weights={kind} does not use it; set it to null, "
                f"or choose {' or '.join(SCALED_WEIGHTS)}."
            )
    elif scale is None or not 0 < scale < LARGEST:
        limits = f"a number greater than 0, as model.initial_weights is {kind}"
        raise out_of_range("model.initial_scale", "null" if scale is None else scale, limits)
    return {letter: rule.format(scale=scale) for letter, rule in _KINDS[kind].items()}
