"""The settings of a search, the key `search` of the config."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from gatebench.errors import UserError, out_of_range, unknown
from gatebench.search.adaptive import ADAPTIVE
from gatebench.search.samplers import SAMPLERS
from gatebench.search.stopping import NO_STOP, STOPS
from gatebench.setting_checks import check_at_least
from gatebench.trial import LARGEST_SEED

SAMPLER_NAMES = (*SAMPLERS, *ADAPTIVE)
"""The allowed values of `search.sampler`."""


@dataclass
class SearchSettings:
    """How a search draws the values of its keys. `conf/config.yaml` describes each key.

    Attributes:
        sampler: an item of `SAMPLER_NAMES`.
        seed: the seed of the draws.
        batch: the number of draws of each arm between which nothing is learnt from outcomes. It matters if the sampler
            is in `gatebench.search.adaptive.ADAPTIVE`, or if trials are stopped.
        stop: an item of `gatebench.search.stopping.STOPS`: the rule that stops trials.
        stop_after: the first epoch, from 1, after which a trial can be stopped.
        when: {key: its condition}, for example {"training.momentum": "training.optimizer=sgd"}. The keys may be nested.

    Raises:
        UserError: the sampler or the rule is unknown, a number is out of range, or a condition is no text "key=value".
    """

    sampler: str = "random"
    seed: int = 0
    batch: int = 10
    stop: str = NO_STOP
    stop_after: int = 1
    when: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLER_NAMES:
            raise unknown("search.sampler", self.sampler, SAMPLER_NAMES)
        if self.stop not in STOPS:
            raise unknown("search.stop", self.stop, STOPS)
        check_at_least("search.batch", self.batch, 1)
        check_at_least("search.stop_after", self.stop_after, 1)
        if not 0 <= self.seed <= LARGEST_SEED:
            raise out_of_range("search.seed", self.seed, f"a whole number from 0 to {LARGEST_SEED}")

    @property
    def changed(self) -> dict[str, str]:
        """{key: value as a text} of the settings that are not the defaults, without the conditions."""
        names = [field.name for field in fields(self) if field.name != "when"]
        defaults = SearchSettings()
        changed = [name for name in names if getattr(self, name) != getattr(defaults, name)]
        return {f"search.{name}": str(getattr(self, name)) for name in changed}

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
