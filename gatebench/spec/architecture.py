"""An architecture that is no recurrent cell, but is compared with cells: self-attention or a temporal convolution.

It stands in the place of the recurrent layers: it maps an input (T, B, I) to an output (T, B, D · H). The encoder, the
head, the training and the record of a trial are the same. It has no gates, no equations of a time step and no backend.

Letters: T time, B batch, I input, H hidden, D directions.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import gcd
from typing import Any

from gatebench.errors import UserError, out_of_range, unknown

POSITIONS = ("sinusoidal", "none")
"""The kinds of positions that are added to the input of self-attention."""

MOST_LEVELS = 24
"""The largest number of levels of a temporal convolution: 2^24 steps are more than any sequence has."""


@dataclass(frozen=True)
class Architecture:
    """An architecture that is no cell.

    Attributes:
        name: the label in tables and messages.
        kind: a key of `OPTIONS`.
        source: the paper.
        options: {name of an option: its value}; those that are not given have their default value.
        note: facts that a reader needs.

    Raises:
        UserError: the kind or an option does not exist, or the value of an option is not allowed.

    Examples:
        >>> Architecture("attention", "attention", "", {"heads": 4}).options["heads"]
        4
    """

    name: str
    kind: str
    source: str
    options: Mapping[str, Any]
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind not in OPTIONS:
            raise unknown("architecture", self.kind, OPTIONS)
        rules = OPTIONS[self.kind]
        for option, value in self.options.items():
            if option not in rules:
                raise unknown("option", option, rules, where=f"of {self.name}")
            if not rules[option].accepts(value):
                raise out_of_range(f"cell.options.{option}", value, rules[option].allowed)
        complete = {option: self.options.get(option, rule.default) for option, rule in rules.items()}
        object.__setattr__(self, "options", complete)

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """A hash of the kind and the options: 12 hexadecimal digits, like the digest of a cell."""
        content = json.dumps(["architecture", self.kind, self.options], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def width_step(self) -> int:
        """The number of which the output size D · H must be a multiple: that of the heads."""
        return int(self.options.get("heads", 1))

    def hidden_step(self, directions: int) -> int:
        """Return the number of which the hidden size H must be a multiple, for a number of directions D."""
        return self.width_step // gcd(self.width_step, directions)

    def changed(self, options: Mapping[str, Any]) -> "Architecture":
        """Return the architecture with other values of options. The name shows them: "attention[heads=4]"."""
        changes = [f"{name}={value}" for name, value in options.items() if self.options.get(name, value) != value]
        name = f"{self.name}[{', '.join(changes)}]" if changes else self.name
        return replace(self, name=name, options={**self.options, **options})

    def check_width(self, hidden_size: int, directions: int) -> None:
        """Check that the output can be divided among the heads.

        Raises:
            UserError: it cannot.
        """
        if directions * hidden_size % self.width_step:
            total = f"{directions} · {hidden_size} = {directions * hidden_size}" if directions > 1 else f"{hidden_size}"
            raise UserError(
                f"{self.name} has {self.width_step} heads, so the size of its output, {total}, must be a multiple of "
                f"{self.width_step}; change model.hidden_size or cell.options.heads."
            )


@dataclass(frozen=True)
class OptionRule:
    """The values of an option.

    Attributes:
        default: the default value.
        allowed: the allowed values in words.
        accepts: returns whether a value is allowed.
    """

    default: Any
    allowed: str
    accepts: Callable[[Any], bool]


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


_MULTIPLE = "a whole number from 1 to 1024"

OPTIONS: Mapping[str, Mapping[str, OptionRule]] = {
    "attention": {
        "heads": OptionRule(2, _MULTIPLE, lambda value: _is_whole(value, 1, 1024)),
        "feedforward": OptionRule(4, _MULTIPLE, lambda value: _is_whole(value, 1, 1024)),
        "positions": OptionRule("sinusoidal", " or ".join(POSITIONS), lambda value: value in POSITIONS),
    },
    "tcn": {
        "kernel": OptionRule(
            3, "an odd number from 3 to 1023", lambda value: _is_whole(value, 3, 1023) and value % 2 == 1
        ),
        "levels": OptionRule(
            None,
            f"a whole number from 1 to {MOST_LEVELS}, or null for as many as the longest sequence needs",
            lambda value: value is None or _is_whole(value, 1, MOST_LEVELS),
        ),
    },
}
"""{kind of architecture: {option: its values}}.

- attention, heads: the number of heads. feedforward: the width of the hidden layer behind the attention, as a multiple
  of the output size. positions: an item of `POSITIONS`.
- tcn, kernel: the number of inputs of a convolution. levels: the number of residual blocks of a layer, with dilations
  1, 2, 4, …; null: as many as the longest sequence needs.
"""
