"""Facts in which the trials of one task differ although they are compared: backend, device, versions, data."""

from collections import Counter
from collections.abc import Mapping, Sequence

from gatebench.report.arms import Arm
from gatebench.report.number_format import one_line

FACTS = ("backend", "device", "version/torch", "version/gatebench")
"""The facts that are compared, besides the checksums of the data."""

DATA = "data/"
"""The beginning of the names of the checksums of data files."""

SHOWN_DIGITS = 8
"""The number of characters of a checksum that a note shows."""


def mixed_facts(arms: Sequence[Arm]) -> dict[str, str]:
    """Return the notes on the arms whose facts differ from those of most trials of the task, by label of the arm.

    For example {"slstm": "backend reference (most trials: fused)"}. A fact that no trial has is not compared.
    Architectures that are no cells have no backend that could be compared.
    """
    notes: dict[str, list[str]] = {}
    names = dict.fromkeys(name for arm in arms for trial in arm.trials.values() for name in trial.facts)
    for name in names:
        if name in FACTS or name.startswith(DATA):
            for label, note in _differing(name, arms).items():
                notes.setdefault(label, []).append(note)
    return {label: "; ".join(parts) for label, parts in notes.items()}


def _differing(name: str, arms: Sequence[Arm]) -> dict[str, str]:
    compared = [arm for arm in arms if name != "backend" or not arm.is_architecture]
    values = {arm.label: fact_values(arm, name) for arm in compared}
    counts: Counter[str] = sum((Counter(own) for own in values.values()), Counter())
    if len(counts) < 2:
        return {}
    usual = counts.most_common(1)[0][0]
    notes = {}
    for label, own in values.items():
        if own.keys() - {usual}:
            shown = " and ".join(_value(name, value) for value in own)
            notes[label] = f"{_name(name)} {shown} (most trials: {_value(name, usual)})"
    return notes


def fact_values(arm: Arm, name: str) -> Mapping[str, int]:
    """Return {value of a fact: number of trials}, of the trials with a result that have it."""
    return Counter(trial.facts[name] for trial in arm.trials.values() if trial.has_result and name in trial.facts)


def _name(name: str) -> str:
    return one_line(name.removeprefix("version/")).replace(DATA, "data ")


def _value(name: str, value: str) -> str:
    return one_line(value)[:SHOWN_DIGITS] if name.startswith(DATA) else one_line(value)
