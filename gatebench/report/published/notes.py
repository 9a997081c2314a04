"""The notes on published results below a table: the rules of the verdicts, the sources and what has no row."""

from collections.abc import Sequence

from gatebench.report.arms import Arm
from gatebench.report.number_format import one_line
from gatebench.report.published.columns import EXPECTED, PUBLISHED, VERDICT, PublishedBlock
from gatebench.report.task_table import ColumnNote

VALUES = (
    "Published values: each has its mark. Expected: the 95 % prediction interval of our scores for the mean of the "
    "publication's runs (of one run if their number is not known), widened by half a unit of the last printed digit; "
    "with a printed standard deviation (sd) and number of runs, the means that Welch's t test does not reject. "
    "agrees: the published value is in the interval. The intervals are not corrected: 1 of 20 values that agree in "
    "truth differs by chance."
)
SIGNIFICANCES = (
    "Published significance: the difference from the publication's baseline. agrees: our difference from the same "
    "baseline has the same direction and significance, with p (Holm) at 0.05. A difference that is not significant may "
    "be one that our n is too small to show."
)
NOT_COMPARABLE = (
    "not comparable: another cell or setting, a difference of the protocol that is declared as decisive, or trials "
    "that do not allow the comparison."
)
MARKS = {
    "verified": "read in the publication or in its authors' code",
    "secondary": "read in another publication",
    "unverified": "not yet checked against a publication",
}


def published_notes(blocks: Sequence[PublishedBlock], arms: Sequence[Arm]) -> list[str]:
    """Return the notes; none if there are no published results.

    Args:
        blocks: the published results.
        arms: the arms of the task.
    """
    if not blocks:
        return []
    rules = []
    if any(block.shown.result.has_values for block in blocks):
        rules.append(VALUES)
    if not all(block.shown.result.has_values for block in blocks):
        rules.append(SIGNIFICANCES)
    if any(verdict.word == "not comparable" for block in blocks for verdict in block.verdicts.values()):
        rules.append(NOT_COMPARABLE)
    notes = [*rules, _marks(blocks), *(_source(block, arms) for block in blocks)]
    return [ColumnNote(note, PUBLISHED, EXPECTED, VERDICT) for note in notes]


def _marks(blocks: Sequence[PublishedBlock]) -> str:
    """Return the meaning of the marks that the entries have."""
    used = {entry.mark for block in blocks for entry in block.shown.result.entries}
    return f"Marks: {'; '.join(f'{mark}: {meaning}' for mark, meaning in MARKS.items() if mark in used)}."


def _source(block: PublishedBlock, arms: Sequence[Arm]) -> str:
    """Return the source of a result, its data, its protocol, and the entries that have no row."""
    result = block.shown.result
    parts = [f"{block.shown.title}: {block.shown.publication.source}; {result.place}"]
    if result.data:
        parts.append(f"Data: {result.data}")
    if result.differences:
        parts.append(f"Its protocol: {'; '.join(result.differences)}")
    without_row = [*_entries_without_row(block, arms), *(f"{name} {value}" for name, value in result.others.items())]
    if without_row:
        parts.append(f"Without a row here: {', '.join(without_row)}")
    return one_line(". ".join(parts)) + "."


def _entries_without_row(block: PublishedBlock, arms: Sequence[Arm]) -> list[str]:
    shown = {entry.cell for arm in arms if (entry := block.shown.entry(arm)) is not None}
    return [
        f"{entry.cell} {entry.value or entry.significance} ({entry.mark})"
        for entry in block.shown.result.entries
        if entry.cell not in shown
    ]
