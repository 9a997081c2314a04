"""Overrides in Hydra's grammar: the key that each one sets, and the values that it sweeps.

`seed=4` has one value. `cell=lstm,gru` and `seed=range(0,5)` have several: they sweep.
`model.dropout=interval(0,0.5)` has a distribution: it is drawn.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep, Override, QuotedString, Sweep, Transformer
from hydra.errors import OverrideParseException

from gatebench.errors import UserError, unknown
from gatebench.search.distributions import Distribution, DrawnChoice, NumberRange
from launch.config.settings import TRIAL_KEYS

MOST_TRIALS = 100_000
"""The largest number of trials of a sweep."""

PUBLISHED = "published"
"""The key with the names of publications. Their folder `conf/published` is no config group."""

_ABLATION = "cell.ablate."
_FAMILY = "families."
_ARM = "arms."
_RESOURCE = "resources_per_trial."
_CONDITION = "search.when."
_CALLBACK = "training.callbacks."
_LOGGER = "logger."
# Below these, an override may add keys.
_NEW_KEYS = (_ABLATION, _FAMILY, _ARM, _RESOURCE, _CONDITION, _CALLBACK, _LOGGER)
_LISTS = (
    "order",
    "metrics",
    "published",
    "vary",
    "columns",
)  # keys with a list as their value, like those below `families`
_DEFAULTS = ("cell", "task", "experiment")  # the groups in the defaults list of conf/config.yaml
_KIND = "kind"  # the list of the kinds of pictures
_SWEEPER_PARAMS = "hydra.sweeper.params"  # the only key of Hydra's own config that is used
_LOG, _DRAW = "log", "draw"  # the tags: of an interval on a logarithmic scale, and of a choice that is drawn


@dataclass(frozen=True)
class ParsedOverride:
    """One override.

    Attributes:
        key: the key or the config group that it sets, for example "training.learning_rate" or "cell".
        choices: the override once for each value, for example ("seed=0", "seed=1"). One if it sweeps nothing.
        is_group: whether it chooses from a config group, that is a file below `conf`.
        values: the value of each choice, for example (0, 1); None if the override deletes a key.
        drawn: the distribution that the values are drawn from; None if they are given. `choices` is then empty.
        follows_draws: whether value k belongs to draw k of a search, so that the values span no axis of their own.
    """

    key: str
    choices: tuple[str, ...]
    is_group: bool
    values: Sequence[Any] = field(default=(), compare=False)
    drawn: Distribution | None = None
    follows_draws: bool = False

    @property
    def is_sweep(self) -> bool:
        """Whether there are several values, or a distribution."""
        return len(self.choices) != 1


class Grammar:
    """Hydra's override grammar.

    Args:
        loader: Hydra's config loader, which knows the config groups.
        swept: the keys that may have several values.
        draws: whether keys below them may be drawn.
    """

    def __init__(self, loader: ConfigLoader, swept: Sequence[str] = TRIAL_KEYS, *, draws: bool = True) -> None:
        self._swept, self._draws = swept, draws
        self._parser = OverridesParser.create(loader)
        self._groups = set(loader.list_groups("")) - {PUBLISHED}

    def parse(self, texts: Iterable[str]) -> list[ParsedOverride]:
        """Return the overrides. A later one replaces an earlier one with the same key.

        Raises:
            UserError: a text is not an override, sweeps a key that cannot be swept, or sets a part of Hydra that is
                not used, or a key is both drawn and given.
        """
        overrides = [self._parse_one(text) for text in texts]
        drawn = {override.key for override in overrides if override.drawn is not None}
        for override in overrides:
            if override.key in drawn and override.drawn is None:
                raise UserError(f"{override.key} is both drawn and given values; leave out one of the two overrides.")
        return list({override.key: override for override in overrides}.values())

    def value(self, text: str) -> Any:
        """Return the value of an override that sweeps nothing."""
        return self._parse_text(text).value()

    def _parse_one(self, text: str) -> ParsedOverride:
        text = self._with_plain_value(text)
        override = self._parse_text(text)
        key = override.key_or_group
        if key.startswith("hydra") and not key.startswith(_SWEEPER_PARAMS):
            raise UserError(f"{text!r} sets a part of Hydra that gatebench does not use.")
        if override.is_delete() and not key.startswith(_NEW_KEYS):
            raise UserError(
                f"{text!r} deletes a required key; only keys below {', '.join(key.rstrip('.') for key in _NEW_KEYS)} "
                "can be deleted."
            )
        if self._draws and (drawn := self._distribution(override, text)) is not None:
            self._check_drawn(key, text)
            return ParsedOverride(key, (), False, drawn=drawn)
        choices = self._choices(override, text)
        values = tuple(value for _, value in choices)
        if key in self._groups:
            own = tuple(self._group_choice(key, choice, name, text) for choice, name in choices)
            return ParsedOverride(key, own, True, values)
        return ParsedOverride(key, tuple(_allow_new_key(override, choice) for choice, _ in choices), False, values)

    def _with_plain_value(self, text: str) -> str:
        """Return an override of a part of a study's declaration in the form that Hydra needs.

        A list needs no brackets: metrics=a,b and metrics=a become [a,b] and [a]. A question and the condition of a key
        need no quotes. The names of several studies, study=a,b, become one text, "a,b".
        """
        key, _, value = text.partition("=")
        _check_name(key.lstrip("+~"))
        if key.lstrip("+").startswith(_CONDITION) and not value.startswith(("'", '"')) and "${" not in value:
            return f"{key}={_quoted(value)}"
        if key.lstrip("+") == "question" and not value.startswith(("'", '"')) and "${" not in value:
            return f"{key}={_quoted(value)}" if value != "null" else text
        if key.lstrip("+").startswith(_ARM) and not value.startswith("${"):
            return f"{key}=[{','.join(map(_quoted, _items(value)))}]"
        override = self._parse_text(text)
        name = override.key_or_group
        is_list = name in (*_LISTS, _KIND) or name.startswith(_FAMILY)
        has_commas = override.is_choice_sweep() and not isinstance(override.value(), Glob)
        if name == "study" and has_commas:
            studies = [str(self.value(f"study={one}")) for one in override.sweep_string_iterator()]
            return f"study={_quoted(','.join(studies))}"
        if is_list and has_commas:
            return f"{key}=[{','.join(override.sweep_string_iterator())}]"
        if is_list and not override.is_delete() and isinstance(override.value(), str | QuotedString):
            return f"{key}=[{value}]"
        return text

    def _distribution(self, override: Override, text: str) -> Distribution | None:
        """Return the distribution of an override; None if its values are given.

        Raises:
            UserError: the bounds are not allowed, or a tag is unknown.
        """
        value = override.value() if override.is_sweep_override() else None
        tags: set[str] = set(value.tags) if isinstance(value, Sweep) else set()
        allowed = (_LOG, _DRAW) if isinstance(value, IntervalSweep) else (_DRAW,)
        for tag in sorted(tags - set(allowed)):
            raise unknown("tag", tag, allowed, where=f"in {text!r}")
        with _named(override.key_or_group):
            if isinstance(value, IntervalSweep):
                assert value.start is not None
                assert value.end is not None
                whole = isinstance(value.start, int) and isinstance(value.end, int)
                return NumberRange(value.start, value.end, log=_LOG in tags, whole=whole)
            if _DRAW in tags:
                values = tuple(one for _, one in self._choices(override, text))
                return DrawnChoice(values, text.partition("=")[2])
        return None

    def _check_drawn(self, key: str, text: str) -> None:
        """Check that a key may be drawn: it is below a key that may be swept."""
        section, _, rest = key.partition(".")
        if key == "seed":
            raise UserError(f"{text!r} draws the seed; draw k of a search has the seed {key} + k, so leave it out.")
        if key in self._groups:
            raise UserError(f"{text!r} draws a {key}; a config group is not drawn but swept, so write {key}=NAME,NAME.")
        if section not in self._swept or not rest:
            below = ", ".join(name for name in self._swept if name != "seed")
            raise UserError(f"{text!r} is drawn; only keys below {below} can be drawn.")

    def _group_choice(self, group: str, choice: str, name: Any, text: str) -> str:
        """Return the override that chooses from a group. With "+" Hydra adds a group that is in no defaults list."""
        if not isinstance(name, str) and (name is not None or group != "experiment"):
            raise UserError(f"{text!r} must name one {group}; to sweep, write {group}=NAME,NAME.")
        return choice.lstrip("+") if group in _DEFAULTS else f"+{choice.lstrip('+')}"

    def _choices(self, override: Override, text: str) -> list[tuple[str, Any]]:
        """Return the override once for each of its values, each without a sweep, and the value."""
        if not override.is_sweep_override():
            return [(text, override.value())]
        if override.key_or_group.partition(".")[0] not in self._swept:
            raise UserError(
                f"{text!r} has several values; only {', '.join(self._swept)} and the keys below them can be swept."
            )
        if not override.is_discrete_sweep():
            raise UserError(f"{text!r} is an endless range; write a list such as 1,2,3 or range(0,5).")
        values = list(islice(override.sweep_iterator(), MOST_TRIALS + 1))
        if not 0 < len(values) <= MOST_TRIALS:
            raise UserError(f"{text!r} has {'no value' if not values else f'more than {MOST_TRIALS:,} values'}.")
        key = override.get_key_element()
        texts = [f"{key}={Transformer.str(value)}" for value in values]
        return [(one, self._plain_value(value, one)) for value, one in zip(values, texts, strict=True)]

    def _plain_value(self, value: Any, text: str) -> Any:
        """Return a value of a sweep. Numbers need no parser, and a range may have many thousands of them."""
        return value if isinstance(value, bool | int | float) else self.value(text)

    def _parse_text(self, text: str) -> Override:
        try:
            (override,) = self._parser.parse_overrides([text])
        except OverrideParseException as error:
            line = str(error).partition("\nSee ")[0].splitlines()[-1].partition(" expecting {")[0]
            reason = line.strip(" ^") or "an unexpected character"
            raise UserError(
                f"The override {text!r} cannot be read ({reason}); write key=value, key=a,b or key=range(0,5), and "
                f"quote a value with other signs twice, as in \"key='^[a-z]+'\"."
            ) from None
        if not override.key_or_group:
            raise UserError(f"The override {text!r} has no key; write key=value.")
        return override


def _check_name(key: str) -> None:
    """Check that the name of an arm or a family has no dot: Hydra would read it as a key below another one.

    Raises:
        UserError: it has one.
    """
    for prefix, content in ((_ARM, "key=value,…"), (_FAMILY, "CELL,…")):
        if key.startswith(prefix) and "." in (name := key.removeprefix(prefix)):
            raise UserError(
                f"{key} has a dot in the name {name!r}; write {prefix}NAME=[{content}] with a name without dots."
            )


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Put the key before the message of an error about its distribution."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{key}={error}") from None


def _items(text: str) -> list[str]:
    """Return the parts of a list, with or without its brackets, between the commas outside of inner brackets."""
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    items, depth = [""], 0
    for character in inner:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            items.append("")
        else:
            items[-1] += character
    return [item.strip().strip("'\"") for item in items if item.strip()]


def _quoted(text: str) -> str:
    """Return a text in the quotes of Hydra's grammar."""
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def _allow_new_key(override: Override, text: str) -> str:
    """Return the override with "++" if its key is below one of `_NEW_KEYS`, where it may add a key."""
    if f"{override.key_or_group}.".startswith(_NEW_KEYS) and not override.is_delete():
        return f"++{text.lstrip('+')}"
    return text


def merge_overrides(first: Sequence[ParsedOverride], second: Sequence[ParsedOverride]) -> list[ParsedOverride]:
    """Return all overrides. One of the second sequence replaces one of the first with the same key."""
    keys = {override.key for override in second}
    return [*(override for override in first if override.key not in keys), *second]
