"""Arms that were named: a trial belongs to an arm if it has all settings of the arm.

Tables read the label and the digest of a cell, so the arm's name and digest replace them. The digest of the equations
stays in the setting "cell".
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gatebench.outcome import Outcome
from gatebench.report.arm_settings import ABSENT
from gatebench.study import ARM_CELL, arm_digest


def with_named_arms(outcomes: Iterable[Outcome], arms: Mapping[str, Mapping[str, str]]) -> list[Outcome]:
    """Return the outcomes with the names of their arms, one for each arm. Those in no arm stay as they are.

    The settings of an arm are left out of its outcomes, so that they do not separate its rows from those of other arms.

    Args:
        outcomes: the outcomes.
        arms: {name of an arm: {key of a setting: its value}}.
    """
    named: list[Outcome] = []
    for outcome in outcomes:
        own = {name: settings for name, settings in arms.items() if _belongs(outcome, settings)}
        named += [_named(outcome, name, settings) for name, settings in own.items()] or [outcome]
    return named


def _belongs(outcome: Outcome, settings: Mapping[str, str]) -> bool:
    known = {**outcome.settings, ARM_CELL: outcome.cell_digest}
    return all(known.get(key, ABSENT) == value for key, value in settings.items())


def _named(outcome: Outcome, name: str, settings: Mapping[str, str]) -> Outcome:
    others = {key: value for key, value in outcome.settings.items() if key not in settings}
    kept = others | {ARM_CELL: outcome.cell_digest}
    return replace(outcome, cell=name, cell_digest=arm_digest(settings), settings=kept)
