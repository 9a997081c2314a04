"""The notes on single rows: seeds without a score, trials that differ in backend or data, and their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatebench.report.arms import Arm
from gatebench.report.mixed_facts import mixed_facts
from gatebench.report.selection import chosen_note
from gatebench.report.task_comparison import TaskComparison

NOT_A_CELL = "Not a cell: an architecture without gates, with the encoder, the head and the training of the cells."
"""The note on the row of an architecture that is no cell."""


@dataclass(frozen=True)
class Footnotes:
    """The numbered notes on the rows of a table. Rows with equal notes share a number.

    Attributes:
        texts: the notes, in the order of their numbers, which begin at 1.
        numbers: {label of an arm: the numbers of its notes}.
    """

    texts: tuple[str, ...]
    numbers: Mapping[str, tuple[int, ...]]


def footnotes(
    arms: Sequence[Arm], comparison: TaskComparison, further: Mapping[str, Sequence[str]] | None = None
) -> Footnotes:
    """Return the notes on the rows of a task's table.

    Args:
        arms: the arms of the task.
        comparison: their comparison.
        further: {label of an arm: further notes on its row}. Empty notes are left out.
    """
    mixed = mixed_facts(arms)
    notes = {arm.label: row_notes(arm, comparison) for arm in arms}
    for label, note in mixed.items():
        notes[label].append(f"{note[0].upper()}{note[1:]}.")
    for label, more in (further or {}).items():
        notes[label] += filter(None, more)
    texts = list(dict.fromkeys(note for own in notes.values() for note in own))
    return Footnotes(
        tuple(texts), {label: tuple(texts.index(note) + 1 for note in own) for label, own in notes.items()}
    )


def row_notes(arm: Arm, comparison: TaskComparison) -> list[str]:
    """Return the notes on the seeds of an arm that have no score, and on a missing comparison."""
    score, notes = comparison.score, [NOT_A_CELL] if arm.is_architecture else []
    if diverged := arm.diverged(score):
        messages = {seed: f"({message})" if message else "" for seed, message in diverged.items()}
        unit = "trials" if arm.varied else "seeds"
        notes.append(f"{len(diverged)} of {len(arm.trials)} {unit} diverged: {_by_reason(messages, arm)}.")
    if unfinished := arm.unfinished(score):
        known = _by_reason(unfinished, arm)
        notes.append(f"Left out of the comparisons, because not every trial ended: {known}.")
    absent = arm.absent()
    if absent and arm.varied:
        notes.append(f"{len(absent)} of {len(arm.seeds)} trials have not been run.")
    elif absent:
        verb = "has" if len(absent) == 1 else "have"
        notes.append(f"{_seeds_text(absent, len(arm.seeds)).capitalize()} {verb} no trial.")
    chosen = chosen_note(arm)
    return [*([chosen] if chosen else []), *notes, *_settings_notes(arm, comparison)]


def _settings_notes(arm: Arm, comparison: TaskComparison) -> list[str]:
    """Return a note on an arm that has no baseline with the same settings."""
    if arm.label in comparison.baselines or not comparison.baselines:
        return []
    if arm.label not in comparison.partners:
        return ["Not compared: the baseline has no trials with these settings."]
    if arm.label in comparison.unlike and arm.label in comparison.comparisons:
        return ["Compared with a baseline that has other settings."]
    return []


def _by_reason(reasons: Mapping[int, str], arm: Arm) -> str:
    """Return the seeds with their reasons, e.g. "seeds 2, 5 diverged (the loss was nan); seed 6 failed".

    If the trials of the arm have different settings, their numbers are given in place of their seeds.
    """
    seeds: dict[str, list[int]] = {}
    for seed, reason in sorted(reasons.items()):
        seeds.setdefault(reason, []).append(seed)
    total = len(arm.trials)
    names = {reason: str(len(some)) if arm.varied else _seeds_text(some, total) for reason, some in seeds.items()}
    return "; ".join(f"{names[reason]} {reason}".rstrip() for reason in seeds)


def _seeds_text(seeds: Sequence[int], total: int) -> str:
    if len(seeds) == total > 1:
        return "every seed"
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
