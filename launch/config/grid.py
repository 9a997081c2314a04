"""The grid that swept overrides span: the settings at each of its points. The draws of a search are one of its axes.

A config has five sections that make a trial: `TRIAL_KEYS`. OmegaConf checks each choice of a config group and each
swept value once, by itself. The points combine the checked contents as plain data, because OmegaConf needs 15 ms for
the config of a point.

Sections that are linked by interpolations form a block, for example if training.batch_size is ${model.hidden_size}.
OmegaConf resolves a block again for each combination of the values that are swept in it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from omegaconf import Container, DictConfig, OmegaConf

from gatebench.search.distributions import DrawnChoice
from gatebench.trial import Training, Trial
from launch.config.conditions import Condition, inactive_keys
from launch.config.interpolations import ANYTHING, has_interpolation, referenced_keys
from launch.config.overrides import ParsedOverride
from launch.config.settings import TRIAL_KEYS, CellConfig, Settings, cell_mapping, with_absolute_path
from launch.config.solved_sizes import SizedModel, plain_model

Contents = Mapping[str, Any]
"""{section: its content as plain data}."""

_SEED = "seed"
_INACTIVE = -1  # stands for the number of a value if the key keeps its value in the config


@dataclass(frozen=True)
class Composed:
    """A composed and checked config, and the other choices of its config groups.

    Attributes:
        config: the config.
        sections: {group: its section for each of its swept choices}. Empty if no group is swept.
        names: {group: the names of its choices}: one for each section, or one if the group is not swept.
    """

    config: DictConfig
    sections: Mapping[str, Sequence[DictConfig]]
    names: Mapping[str, Sequence[str]]


class Point(NamedTuple):
    """A point of a grid.

    Attributes:
        settings: the settings.
        trial: the trial.
        inactive: the keys that have their value in the config, because their conditions are false.
    """

    settings: Settings
    trial: Trial
    inactive: frozenset[str]


class Grid:
    """The points of a grid over one composed config.

    Args:
        composed: the config.
        values: the swept overrides that are not choices of groups. The values of those that follow the draws are taken
            together: they span one axis.
        conditions: the conditions of swept keys, each one after those on which it depends.
    """

    def __init__(
        self, composed: Composed, values: Sequence[ParsedOverride], conditions: Sequence[Condition] = ()
    ) -> None:
        self._composed, self._values, self._conditions = composed, values, conditions
        self._given: dict[tuple[int, ...], dict[str, Any]] = {}
        self._first: Settings | None = None

    def points(self) -> Iterator[Point]:
        """Yield the points. The draws vary fastest, then the last override.

        Raises:
            UserError: a value is out of range.
            OmegaConfBaseException: a value has a wrong type, or an interpolation cannot be resolved.
        """
        draws = [range(len(override.values)) for override in self._values if override.follows_draws]
        for choices in product(*self._axes.values(), *draws[:1]):
            yield self._point(choices[: len(self._axes)], choices[-1] if draws else 0)

    def arms(self) -> Iterator[tuple[int, ...]]:
        """Yield the choice on each axis but the draws and the seed, for each combination. That of the seed is 0."""
        yield from product(*(range(1) if name == _SEED else axis for name, axis in self._axes.items()))

    def points_of_arm(self, arm: Sequence[int], draws: Iterable[int]) -> Iterator[list[Point]]:
        """Yield the points of an arm at each of some draws, one for each value of the seed.

        Args:
            arm: an item of `arms`.
            draws: the numbers of the values of those overrides that follow the draws.

        Raises:
            UserError: as in `points`.
            OmegaConfBaseException: as in `points`.
        """
        seeds = self._axes.get(_SEED, range(1))
        for draw in draws:
            yield [
                self._point([seed if name == _SEED else one for name, one in zip(self._axes, arm, strict=True)], draw)
                for seed in seeds
            ]

    @cached_property
    def _axes(self) -> dict[str, range]:
        """{group or key: the numbers of its choices or values} of all axes but the draws."""
        axes = {group: range(len(sections)) for group, sections in self._composed.sections.items()}
        given = [override for override in self._values if not override.follows_draws]
        return axes | {override.key: range(len(override.values)) for override in given}

    @cached_property
    def _axis_of_value(self) -> list[int | None]:
        """The number of the axis of each override with values; None if it follows the draws."""
        numbers = {name: number for number, name in enumerate(self._axes)}
        return [None if override.follows_draws else numbers[override.key] for override in self._values]

    @cached_property
    def _blocks(self) -> "list[_Block]":
        return [_Block(self._composed, names, self._values) for names in self._linked_blocks()]

    def _point(self, choices: Sequence[int], draw: int) -> Point:
        """Return a point.

        Args:
            choices: the number of the choice on each axis.
            draw: the number of the values of those overrides that follow the draws.
        """
        values = (draw if axis is None else choices[axis] for axis in self._axis_of_value)
        indices, inactive = self._with_conditions((*choices[: len(self._composed.sections)], *values))
        parts = {name: part for block in self._blocks for name, part in block.parts(indices).items()}
        if self._first is None:
            self._first = self._settings(indices)
        settings = replace(self._first, **{name: part.setting for name, part in parts.items()})
        return Point(settings, Trial(**{name: part.of_trial for name, part in parts.items()}), inactive)

    def _with_conditions(self, point: tuple[int, ...]) -> tuple[tuple[int, ...], frozenset[str]]:
        """Return a point with `_INACTIVE` for the keys whose conditions are false, and these keys."""
        if not self._conditions:
            return point, frozenset()
        groups = len(self._composed.sections)
        chosen = point[:groups]
        if chosen not in self._given:
            self._given[chosen] = {one.other: self._given_value(one.other, chosen) for one in self._conditions}
        numbered = list(zip(self._values, point[groups:], strict=True))
        values = {override.key: override.values[index] for override, index in numbered}
        inactive = frozenset(inactive_keys(self._conditions, values, self._given[chosen]))
        indices = (_INACTIVE if override.key in inactive else index for override, index in numbered)
        return (*chosen, *indices), inactive

    def _given_value(self, key: str, chosen: Sequence[int]) -> Any:
        """Return the value of a key in the config with some choices of groups; for a group, the name of its choice."""
        choices = dict(zip(self._composed.sections, chosen, strict=True))
        if key in self._composed.names:
            return self._composed.names[key][choices.get(key, 0)]
        section, _, rest = key.partition(".")
        if section in choices:
            return OmegaConf.select(self._composed.sections[section][choices[section]], rest)
        return OmegaConf.select(self._composed.config, key)

    def _settings(self, point: Sequence[int]) -> Settings:
        """Return all settings at a point."""
        block = _Block(self._composed, TRIAL_KEYS, self._values)
        settings = OmegaConf.to_object(block.config(point))
        assert isinstance(settings, Settings)
        return settings

    def _linked_blocks(self) -> list[tuple[str, ...]]:
        """Return the sections in blocks that do not refer to each other."""
        blocks: dict[str, set[str]] = {name: {name} for name in TRIAL_KEYS}
        for name in TRIAL_KEYS:
            for other in self._linked_sections(name):
                joined = blocks[name] | blocks[other]
                blocks |= dict.fromkeys(joined, joined)
        distinct = {tuple(name for name in TRIAL_KEYS if name in block) for block in blocks.values()}
        return sorted(distinct)

    def _linked_sections(self, name: str) -> set[str]:
        """Return the sections that the interpolations of a section refer to, also through other keys."""
        contents = [_raw(self._composed.config, name), *(_swept_values(self._values, name))]
        contents += [OmegaConf.to_container(section) for section in self._composed.sections.get(name, ())]
        found: set[str] = set()
        waiting = referenced_keys(contents)
        while waiting:
            key = waiting.pop()
            if key == ANYTHING:
                return set(TRIAL_KEYS)
            if key not in found:
                found.add(key)
                if key not in TRIAL_KEYS:
                    waiting |= referenced_keys(_raw(self._composed.config, key))
        return found & set(TRIAL_KEYS)


@dataclass(frozen=True)
class _Part:
    """The content of a section at some points.

    Attributes:
        setting: the content as an attribute of `Settings`.
        of_trial: the content as an attribute of `Trial`.
    """

    setting: Any
    of_trial: Any


class _Block:
    """Some sections of a config, which refer to no others.

    Args:
        composed: the config.
        names: the names of the sections.
        values: all swept overrides that are not choices of groups.
    """

    def __init__(self, composed: Composed, names: Sequence[str], values: Sequence[ParsedOverride]) -> None:
        self._composed, self._names = composed, names
        self._groups = [(axis, group) for axis, group in enumerate(composed.sections) if group in names]
        numbered = enumerate(values, len(composed.sections))
        self._overrides = [(axis, override) for axis, override in numbered if _section(override.key) in names]
        self._axes = [axis for axis, _ in [*self._groups, *self._overrides]]
        self._parts: dict[tuple[int, ...], dict[str, _Part]] = {}
        self._variants: dict[tuple[tuple[int, ...], tuple[int, ...]], _Variants | None] = {}

    def parts(self, point: Sequence[int]) -> dict[str, _Part]:
        """Return the contents of the sections at a point of the whole grid."""
        key = tuple(point[axis] for axis in self._axes)
        if key not in self._parts:
            self._parts[key] = {name: _part(name, content) for name, content in self._contents(point).items()}
        return self._parts[key]

    def config(self, point: Sequence[int]) -> DictConfig:
        """Return the whole config with the choices and values of a point in these sections. It must not be changed."""
        chosen, active = self._chosen(point), self._active(point)
        if not active:
            return chosen
        config = chosen.copy()
        for axis, override in active:
            OmegaConf.update(config, override.key, override.values[point[axis]])
        return config

    def _active(self, point: Sequence[int]) -> list[tuple[int, ParsedOverride]]:
        """Return the overrides in these sections that set their key at a point, with their axes."""
        return [(axis, override) for axis, override in self._overrides if point[axis] != _INACTIVE]

    def _chosen(self, point: Sequence[int]) -> DictConfig:
        """Return the whole config with the choices of groups of a point in these sections. It must not be changed."""
        if not self._groups:
            return self._composed.config
        config = self._composed.config.copy()
        for axis, group in self._groups:
            config[group] = self._composed.sections[group][point[axis]]
        return config

    def _contents(self, point: Sequence[int]) -> Contents:
        active = [axis for axis, _ in self._active(point)]
        kind = tuple(point[axis] for axis, _ in self._groups), tuple(active)
        if kind not in self._variants:
            self._variants[kind] = self._new_variants(point)
        variants = self._variants[kind]
        if variants is None:
            return _resolved(self.config(point), self._names)
        return {self._names[0]: variants.content([point[axis] for axis in active])}

    def _new_variants(self, point: Sequence[int]) -> "_Variants | None":
        """Return the variants of the section for the choices of groups and the active overrides of a point.

        None if the values depend on each other.
        """
        if len(self._names) > 1:
            return None
        (name,), overrides = self._names, [override for _, override in self._active(point)]
        config = self._chosen(point)
        if has_interpolation([_raw(config, name), *_swept_values(overrides, name)]):
            return None
        keys = [f"{override.key}." for override in overrides]
        if any(one.startswith(other) for one in keys for other in keys if one is not other):
            return None
        swept = {axis for axis, _ in self._active(point)}
        first = self.config([0 if axis in swept else choice for axis, choice in enumerate(point)])
        content = _resolved(first, self._names)
        if not all(_is_reached(content, override.key) for override in overrides):
            return None
        return _Variants(name, config, content, overrides)


class _Variants:
    """The contents of a section for all values that are swept in it. Each value is checked once.

    Args:
        name: the name of the section.
        config: the whole config, without the swept values of this section.
        first: {section: its content with the first value of each override}.
        overrides: the overrides, of which no key is below another.
    """

    def __init__(self, name: str, config: DictConfig, first: Contents, overrides: Sequence[ParsedOverride]) -> None:
        self._name, self._first, self._config, self._overrides = name, first, config, overrides
        self._values: list[dict[int, Any]] = [{} for _ in overrides]
        self._paths = [override.key.split(".") for override in overrides]

    @cached_property
    def _scratch(self) -> DictConfig:
        """A copy of the config in which values are checked one after another. Most grids sweep few sections."""
        return self._config.copy()

    def content(self, choices: Sequence[int]) -> Any:
        """Return the content with some values.

        Args:
            choices: the number of the value of each override.
        """
        content = self._first
        for number, (override, choice) in enumerate(zip(self._overrides, choices, strict=True)):
            if choice:
                content = _with_value(content, self._paths[number], self._value(number, override, choice))
        return content[self._name]

    def _value(self, number: int, override: ParsedOverride, choice: int) -> Any:
        """Return a value of an override as OmegaConf keeps it.

        Drawn numbers have one type, so OmegaConf converts all of them in the same way as the first one.
        """
        known, value = self._values[number], override.values[choice]
        if override.follows_draws and not isinstance(override.drawn, DrawnChoice):
            if not known:
                known[0] = self._checked(override.key, override.values[0])
            return type(known[0])(value)
        if choice not in known:
            known[choice] = self._checked(override.key, value)
        return known[choice]

    def _checked(self, key: str, value: Any) -> Any:
        """Return a value as OmegaConf keeps it at a key."""
        config = self._config.copy() if isinstance(value, dict | list) else self._scratch
        OmegaConf.update(config, key, value)
        kept = OmegaConf.select(config, key, throw_on_missing=True)
        return OmegaConf.to_container(kept, throw_on_missing=True) if isinstance(kept, Container) else kept


def _section(key: str) -> str:
    """Return the section that a key belongs to."""
    return key.partition(".")[0]


def _raw(config: DictConfig, name: str) -> Any:
    """Return the content of a top-level key as plain data, without resolving interpolations."""
    return OmegaConf.to_container(OmegaConf.masked_copy(config, [name])) if name in config else None


def _swept_values(overrides: Sequence[ParsedOverride], name: str) -> list[Any]:
    """Return the values that a section can get. The values of a drawn choice are known before they are drawn."""
    own = [override for override in overrides if _section(override.key) == name]
    choices = [one.drawn.values if isinstance(one.drawn, DrawnChoice) else one.values for one in own]
    return [value for values in choices for value in values]


def _resolved(config: DictConfig, names: Sequence[str]) -> dict[str, Any]:
    """Return the contents of some sections as plain data.

    Raises:
        OmegaConfBaseException: a value is missing, or an interpolation cannot be resolved.
    """
    contents: dict[str, Any] = {}
    for name in names:
        value = OmegaConf.select(config, name, throw_on_missing=True)
        is_container = isinstance(value, Container)
        contents[name] = OmegaConf.to_container(value, resolve=True, throw_on_missing=True) if is_container else value
    return contents


def _is_reached(content: Any, key: str) -> bool:
    """Return whether plain data has a value at a dotted key, and all values above it are dicts."""
    for name in key.split("."):
        if not isinstance(content, dict) or name not in content:
            return False
        content = content[name]
    return True


def _with_value(content: Any, path: Sequence[str], value: Any) -> Any:
    """Return plain data with another value at a path. Only the dicts above it are copied."""
    name, *rest = path
    return {**content, name: _with_value(content[name], rest, value) if rest else value}


def _part(name: str, content: Any) -> _Part:
    """Return the content of a section as attributes of `Settings` and `Trial`.

    Raises:
        UserError: a value is out of range.
    """
    if name == "cell":
        cell = CellConfig(**content)
        return _Part(cell, cell_mapping(cell))
    if name == "task":
        return _Part(content, with_absolute_path(content))
    if name == "model":
        model = SizedModel(**content)
        return _Part(model, model if model.parameters is not None else plain_model(model))
    if name == "training":
        content = Training(**content)
    return _Part(content, content)
