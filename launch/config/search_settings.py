"""The settings of a search, the key `search` of the config."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gatebench.errors import UserError, out_of_range, unknown
from gatebench.search.samplers import SAMPLERS
from gatebench.trial import LARGEST_SEED


@dataclass
class SearchSettings:
    """How a search draws the values of its keys. `conf/config.yaml` describes each key.

    Attributes:
        sampler: a key of `gatebench.search.samplers.SAMPLERS`.
        seed: the seed of the draws.
        when: {key: its condition}, for example {"training.momentum": "training.optimizer=sgd"}. The keys may be nested.

    Raises:
        UserError: the sampler is unknown, the seed is out of range, or a condition is no text "key=value".
    """

    sampler: str = "random"
    seed: int = 0
    when: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise unknown("search.sampler", self.sampler, SAMPLERS)
        if not 0 <= self.seed <= LARGEST_SEED:
            raise out_of_range("search.seed", self.seed, f"a whole number from 0 to {LARGEST_SEED}")

    @property
    def conditions(self) -> dict[str, str]:
        """{key: its condition}, with dotted keys."""
        return dict(_flat("", self.when))


def _flat(prefix: str, conditions: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the conditions with their dotted keys."""
    for key, condition in conditions.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(condition, Mapping):
            yield from _flat(name, condition)
        elif isinstance(condition, str) and "=" in condition.strip("= "):
            yield name, condition
        else:
            raise UserError(
                f"search.when has the condition {condition!r} for {name}; write KEY=VALUE, for example "
                "training.optimizer=sgd."
            )
