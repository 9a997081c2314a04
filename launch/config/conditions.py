"""The conditions of the keys of a search: a key is only varied at points at which another key has a certain value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from graphlib import CycleError, TopologicalSorter
from typing import Any

from gatebench.errors import UserError, unknown
from launch.config.overrides import Grammar
from launch.config.settings import TRIAL_KEYS
from launch.config.solved_sizes import SECTION_TYPES


@dataclass(frozen=True)
class Condition:
    """The condition of a key: another key has one of some values.

    Attributes:
        key: the key that is varied only if the condition is true.
        other: the key that decides.
        values: the values of `other` for which the condition is true. Choices of a config group are names.
        text: the condition as the user wrote it.
    """

    key: str
    other: str
    values: tuple[Any, ...]
    text: str

    def allows(self, value: Any) -> bool:
        """Return whether the condition is true if `other` has this value."""
        return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in self.values)


def parse_conditions(texts: Mapping[str, str], grammar: Grammar, varied: Iterable[str]) -> list[Condition]:
    """Return the conditions so that each one follows those on which it depends.

    Args:
        texts: {key: text of its condition}.
        grammar: Hydra's grammar.
        varied: the keys that are swept or drawn. Conditions of other keys are left out, because the command line may
            have given such a key a value.

    Raises:
        UserError: a condition cannot be read, belongs to a key that makes no trial, or depends on itself.
    """
    conditions: dict[str, Condition] = {}
    for key, text in texts.items():
        _check_key("search.when", key)
        (override,) = grammar.parse([text])
        _check_key(f"search.when.{key}", override.key)
        if override.drawn is not None or not override.choices:
            raise UserError(f"search.when.{key} is {text!r}; it must be KEY=VALUE or KEY=VALUE,VALUE.")
        conditions[key] = Condition(key, override.key, tuple(override.values), text)
    graph = {key: {condition.other} for key, condition in conditions.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise UserError(f"The conditions in search.when depend on each other: {' → '.join(error.args[1])}.") from None
    names = set(varied)
    return [conditions[key] for key in order if key in conditions and key in names]


def _check_key(where: str, key: str) -> None:
    """Check that a key belongs to a trial, and that it is a setting if it is below `model` or `training`."""
    section = key.partition(".")[0]
    if section not in TRIAL_KEYS:
        raise unknown("key", key, TRIAL_KEYS, where=f"in {where}")
    if section in SECTION_TYPES:
        names = [f"{section}.{field.name}" for field in fields(SECTION_TYPES[section])]
        if key not in names:
            raise unknown("key", key, names, where=f"in {where}")


def inactive_keys(conditions: Sequence[Condition], values: Mapping[str, Any], given: Mapping[str, Any]) -> set[str]:
    """Return the keys whose conditions are false at a point.

    Args:
        conditions: the conditions in the order of `parse_conditions`.
        values: {key: value} of the varied keys at the point, as if all conditions were true.
        given: {key: value} that the keys have in the config.
    """
    inactive: set[str] = set()
    for condition in conditions:
        source = given if condition.other in inactive or condition.other not in values else values
        if not condition.allows(source.get(condition.other)):
            inactive.add(condition.key)
    return inactive
