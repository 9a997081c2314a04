"""The settings in which the trials of one task differ, other than the cell and the seed."""

import re
from collections.abc import Collection, Mapping, Sequence

from gatebench.outcome import Outcome

GROUPS = ("model.", "training.", "task.")
"""The beginnings of the keys that are compared."""

ABSENT = "none"
"""The value of a setting that a trial does not have."""

Settings = tuple[tuple[str, str], ...]
"""Pairs of key and value, in the order of the keys."""


def differing_settings(outcomes: Sequence[Outcome], varied: Collection[str] = ()) -> list[Settings]:
    """Return the settings of each outcome in which the outcomes differ.

    An outcome without any settings has none here: early versions did not keep them.

    Args:
        outcomes: the outcomes of one task.
        varied: the keys of the settings that are not compared, because they may differ between the trials of an arm.
    """
    compared = [_compared(outcome, varied) for outcome in outcomes]
    keys = sorted({key for settings in compared for key in settings})
    known = [settings for settings in compared if settings]
    different = [key for key in keys if len({settings.get(key, ABSENT) for settings in known}) > 1]
    return [tuple((key, s.get(key, ABSENT)) for key in different) if s else () for s in compared]


def _compared(outcome: Outcome, varied: Collection[str]) -> Mapping[str, str]:
    return {key: value for key, value in outcome.settings.items() if key.startswith(GROUPS) and key not in varied}


def settings_text(settings: Settings) -> str:
    """Return the settings as text, e.g. "model.hidden_size=64, training.max_epochs=8"."""
    return ", ".join(f"{key}={value}" for key, value in settings)


def settings_rank(settings: Settings) -> list[list[tuple[bool, float, str]]]:
    """Return a key that sorts settings: numbers by their size, other parts by their letters."""
    return [[_part_rank(part) for part in re.split(r"(\d+\.?\d*(?:e-?\d+)?)", value)] for _, value in settings]


def _part_rank(part: str) -> tuple[bool, float, str]:
    try:
        return False, float(part), ""
    except ValueError:
        return True, 0.0, part
