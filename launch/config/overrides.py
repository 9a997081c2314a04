"""Overrides in Hydra's grammar: what each one sets, and which of them span a sweep."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import OverrideParseException

from gatebench.errors import UserError
from launch.config.settings import SWEPT

MOST_TRIALS = 100_000
_ABLATION = "cell.ablate."
_DEFAULTS = ("cell", "task", "experiment")  # the groups in the defaults list of conf/config.yaml
_OURS = "hydra.sweeper.params"


@dataclass(frozen=True)
class Setting:
    """One override. choices: the override once for each value that it spans; a single one if it sweeps nothing."""

    key: str
    choices: tuple[str, ...]
    is_group: bool

    @property
    def spans(self) -> bool:
        """Whether there are several values."""
        return len(self.choices) != 1


class Grammar:
    """Hydra's override grammar over the groups that a loader knows; `swept`: the keys that may have several values."""

    def __init__(self, loader: ConfigLoader, swept: Sequence[str] = SWEPT) -> None:
        self._swept = swept
        self._parser = OverridesParser.create(loader)
        self._groups = set(loader.list_groups(""))

    def read(self, texts: Iterable[str]) -> list[Setting]:
        """Return the overrides, later ones in place of earlier ones with the same key.

        Raises:
            UserError: a text is no override, spans what a sweep cannot span, or speaks to parts of Hydra that are
                not used here.
        """
        settings = [self._setting(text) for text in texts]
        return list({setting.key: setting for setting in settings}.values())

    def value(self, text: str) -> Any:
        """Return the value of an override that spans nothing."""
        return self._parse(text).value()

    def _setting(self, text: str) -> Setting:
        override = self._parse(text)
        key = override.key_or_group
        if key.startswith("hydra") and not key.startswith(_OURS):
            raise UserError(f"{text!r} sets a part of Hydra that gatebench does not use.")
        if override.is_delete() and not key.startswith(_ABLATION):
            raise UserError(f"{text!r} deletes what must be there; only parts of cell.ablate may be deleted.")
        if key in self._groups:
            return Setting(key, tuple(self._choice(key, name, text) for name in self._values(override, text)), True)
        return Setting(key, tuple(_open(override, choice) for choice in self._values(override, text)), False)

    def _choice(self, group: str, text: str, given: str) -> str:
        """Return the override that chooses from a group; one that is in no defaults list is added to it."""
        name = self._parse(text).value()
        if not isinstance(name, str) and (name is not None or group != "experiment"):
            raise UserError(f"{given!r} must name one {group}; to sweep, write {group}=NAME,NAME.")
        return text.lstrip("+") if group in _DEFAULTS else f"+{text.lstrip('+')}"

    def _values(self, override: Override, text: str) -> list[str]:
        """Return the override once for each value that it spans, each without a sweep in it."""
        if not override.is_sweep_override():
            return [text]
        if override.key_or_group.partition(".")[0] not in self._swept:
            raise UserError(
                f"{text!r} spans several values; a sweep spans {', '.join(self._swept)}, the rest holds for all."
            )
        if not override.is_discrete_sweep():
            raise UserError(f"{text!r} has no end of values; write a list such as 1,2,3 or range(0,5).")
        values = list(islice(override.sweep_string_iterator(), MOST_TRIALS + 1))
        if not 0 < len(values) <= MOST_TRIALS:
            raise UserError(f"{text!r} spans {'no value' if not values else f'more than {MOST_TRIALS:,} values'}.")
        return [f"{override.get_key_element()}={value}" for value in values]

    def _parse(self, text: str) -> Override:
        try:
            (override,) = self._parser.parse_overrides([text])
        except OverrideParseException as error:
            told = str(error).partition("\nSee ")[0].splitlines()[-1].partition(" expecting {")[0]
            reason = told.strip(" ^") or "an unexpected character"
            raise UserError(
                f"The override {text!r} cannot be read ({reason}); write key=value, key=a,b or key=range(0,5)."
            ) from None
        if not override.key_or_group:
            raise UserError(f"The override {text!r} has no key; write key=value.")
        return override


def _open(override: Override, text: str) -> str:
    """Return the override so that it may add a key where keys are free: in the ablations of a cell."""
    if override.key_or_group.startswith(_ABLATION) and not override.is_delete():
        return f"++{text.lstrip('+')}"
    return text


def winning(first: Sequence[Setting], then: Sequence[Setting]) -> list[Setting]:
    """Return both, the latter in place of what has the same key."""
    keys = {setting.key for setting in then}
    return [*(setting for setting in first if setting.key not in keys), *then]
