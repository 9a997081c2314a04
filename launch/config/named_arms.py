"""Named arms: sets of overrides that are compared, in place of cells.

arms:
  small: [cell=lstm, model.hidden_size=32]
  with momentum: [cell=lstm, training.optimizer=sgd, training.momentum=0.9]
"""

from collections.abc import Iterable, Mapping, Sequence

from gatebench.errors import UserError
from gatebench.report.arm_settings import ABSENT
from gatebench.study import ARM_CELL, BUDGET, SIZE
from gatebench.trial import Trial
from launch.config.overrides import Grammar, ParsedOverride

SECTIONS = ("cell", "model", "training")
"""The keys that an arm may set, and those below them. Each task has a table of its own, and each arm all seeds."""


def parse_arms(arms: Mapping[str, Sequence[str]], grammar: Grammar) -> dict[str, list[ParsedOverride]]:
    """Return {name of an arm: its overrides}.

    Args:
        arms: {name: overrides} of the config.
        grammar: Hydra's grammar.

    Raises:
        UserError: a name is empty, or an override is not allowed in an arm.
    """
    parsed = {}
    for name, overrides in arms.items():
        if not name.strip():
            raise UserError("The name of an arm is empty; write arms.NAME=[key=value,…].")
        try:
            parsed[name] = grammar.parse(overrides)
        except UserError as error:
            raise UserError(f"In the arm {name!r}: {error}") from None
        for override in parsed[name]:
            if override.key.partition(".")[0] not in SECTIONS:
                raise UserError(
                    f"The arm {name!r} sets {override.key}; an arm sets only {', '.join(SECTIONS)} and the keys below."
                )
            if override.is_sweep:
                raise UserError(f"The arm {name!r} sets several values of {override.key}; name an arm for each.")
    return parsed


def check_arm_keys(arms: Mapping[str, Sequence[ParsedOverride]], others: Iterable[str]) -> None:
    """Check that no key is set by an arm and by the command line or the sweep, too.

    Args:
        arms: {name of an arm: its overrides}.
        others: the keys that the command line sets, and those that are swept or drawn.

    Raises:
        UserError: a key is set twice.
    """
    keys = sorted(set(others))
    for name, overrides in arms.items():
        for override in overrides:
            if override.key in keys:
                raise UserError(
                    f"{override.key} is set by the arm {name!r} and by the command line or the sweep; leave out one."
                )


def arm_settings(
    arms: Mapping[str, Sequence[ParsedOverride]], trials: Mapping[str, Trial], budgets: Mapping[str, int | None]
) -> dict[str, dict[str, str]]:
    """Return {name of an arm: {key of a setting: its value}}, as `gatebench.study.Study.arms` has them.

    Each arm has the values of all keys that any arm sets, so that a trial of one arm does not belong to another.

    Args:
        arms: {name of an arm: its overrides}.
        trials: {name of an arm: one of its trials}.
        budgets: {name of an arm: the number of parameters for which its hidden size was solved, or None}.
    """
    names = {override.key for overrides in arms.values() for override in overrides} - {BUDGET}
    names = {name for name in names if name.partition(".")[0] != "cell"}
    flat = {name: trial.flat_settings() for name, trial in trials.items()}
    keys = {key for own in flat.values() for key in own if any(_is_below(key, name) for name in names)}
    has_budget = any(override.key == BUDGET for overrides in arms.values() for override in overrides)
    found = {}
    for name in arms:
        settings = {ARM_CELL: trials[name].build_compared().digest}
        settings |= {key: flat[name].get(key, ABSENT) for key in sorted(keys)}
        if has_budget:
            budget = budgets.get(name)
            settings[BUDGET] = ABSENT if budget is None else str(budget)
        if budgets.get(name) is not None:
            settings.pop(SIZE, None)
        found[name] = settings
    return found


def _is_below(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}.")
