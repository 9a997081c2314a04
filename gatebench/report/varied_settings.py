"""The settings that may differ between the trials of an arm: those of a search, and those that `vary=` names.

A trial of such an arm is not identified by its seed alone, so each trial has a number.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from gatebench.errors import unknown
from gatebench.outcome import Outcome
from gatebench.report.arm_settings import ABSENT, GROUPS, Settings, differing_settings, settings_rank

MOST_LISTED = 4
"""The largest number of values that a text lists. More numbers are shown as their range."""


def matching_keys(names: Collection[str], outcomes: Iterable[Outcome]) -> frozenset[str]:
    """Return the keys of the outcomes' settings that have one of the names, or lie below one of them.

    Args:
        names: keys such as "model.hidden_size", or the keys above them, such as "training".
        outcomes: the outcomes.
    """
    keys = {key for outcome in outcomes for key in outcome.settings if key.startswith(GROUPS)}
    return frozenset(key for key in keys if any(key == name or key.startswith(f"{name}.") for name in names))


def check_vary(names: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """Check the keys that `vary=` names.

    Raises:
        UserError: no trial has a setting of a name.
    """
    known = sorted({key for outcome in outcomes for key in outcome.settings if key.startswith(GROUPS)})
    for name in names:
        if not matching_keys([name], outcomes):
            raise unknown("setting", name, known, where="of these trials for vary=")


def differing_keys(outcomes: Sequence[Outcome], keys: Iterable[str]) -> tuple[str, ...]:
    """Return those keys in which the settings of the outcomes differ, in order."""
    values = {key: {outcome.settings.get(key, ABSENT) for outcome in outcomes} for key in sorted(keys)}
    return tuple(key for key, own in values.items() if len(own) > 1)


def varied_values(outcomes: Sequence[Outcome], keys: Collection[str]) -> list[Settings]:
    """Return the values of some settings of each outcome, as pairs of key and value in the order of the keys."""
    return [tuple((key, one.settings.get(key, ABSENT)) for key in sorted(keys)) for one in outcomes]


def unrepeated_keys(outcomes: Sequence[Outcome], varied: Collection[str]) -> tuple[str, ...]:
    """Return the settings that give each trial a row of its own, so that no cell has two trials in a row.

    Args:
        outcomes: the outcomes.
        varied: the keys of the settings that do not separate rows.

    Returns:
        the keys; none if a row has several trials, or if no cell has several rows.
    """
    rows: dict[tuple[str, str], dict[Settings, set[str]]] = {}
    keys: dict[str, None] = {}
    for task in dict.fromkeys(outcome.task for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.task == task]
        for outcome, settings in zip(own, differing_settings(own, varied), strict=True):
            rows.setdefault((task, outcome.cell_digest), {}).setdefault(settings, set()).add(outcome.digest)
            keys |= dict.fromkeys(key for key, _ in settings)
    has_repetitions = any(len(digests) > 1 for cell in rows.values() for digests in cell.values())
    has_several_rows = any(len(cell) > 1 for cell in rows.values())
    return tuple(keys) if has_several_rows and not has_repetitions else ()


def trial_numbers(seeds: Sequence[int], values: Sequence[Settings]) -> list[int]:
    """Return a number for each trial, which is the same for the trials of all arms with the same seed and values.

    It is the seed if the seed determines the values, as in a search whose seed is not swept. Otherwise the pairs of
    seed and values are numbered from 0, by the seed and then by the values.

    Args:
        seeds: the seed of each trial.
        values: the settings of each trial that may differ within an arm.

    Examples:
        >>> trial_numbers([4, 5, 4], [(("a", "1"),), (("a", "2"),), (("a", "1"),)])
        [4, 5, 4]
        >>> trial_numbers([4, 4, 5, 5], [(("a", "10"),), (("a", "9"),), (("a", "9"),), (("a", "10"),)])
        [1, 0, 2, 3]
    """
    pairs = set(zip(seeds, values, strict=True))
    if len({seed for seed, _ in pairs}) == len(pairs):
        return list(seeds)
    ordered = sorted(pairs, key=lambda pair: (pair[0], settings_rank(pair[1]), pair[1]))
    numbers = {pair: number for number, pair in enumerate(ordered)}
    return [numbers[pair] for pair in zip(seeds, values, strict=True)]


def values_text(values: Iterable[str]) -> str:
    """Return the values of a setting as a text: a list, or the range of more than `MOST_LISTED` numbers.

    Examples:
        >>> values_text(["64", "8", "64"]), values_text("51234"), values_text(["sgd", "adam"])
        ('8, 64', '1 to 5', 'adam, sgd')
    """
    ordered = sorted(set(values), key=lambda value: settings_rank((("", value),)))
    if len(ordered) > MOST_LISTED and all(map(_is_number, ordered)):
        numbers = sorted(ordered, key=float)
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(ordered)


def varied_texts(outcomes: Sequence[Outcome], keys: Iterable[str], search: Mapping[str, str]) -> list[str]:
    """Return a text for each setting: "model.hidden_size 20 to 200", with its distribution if it was drawn.

    Args:
        outcomes: the trials of all arms.
        keys: the keys of the settings.
        search: {key: text of its distribution} of the settings that were drawn.
    """
    texts = []
    for key in sorted(keys):
        values = values_text(outcome.settings.get(key, ABSENT) for outcome in outcomes)
        drawn = f" (drawn from {search[key]})" if key in search else ""
        texts.append(f"{key} {values}{drawn}")
    return texts


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
