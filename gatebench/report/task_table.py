"""One task's part of the table: its columns, rows and notes as plain data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from gatebench.measures.arm_statistics import Comparison, Estimate, best, compare, estimate, pairs_needed
from gatebench.report.arms import Arm, Key
from gatebench.report.gate_columns import chosen_gates, figure_names, gate_text
from gatebench.report.number_format import NONE, NumberFormat, count, heading, number_format, one_line, p_value, seconds
from gatebench.task import Metric

Raw = str | float | int | bool | None


@dataclass(frozen=True)
class Column:
    """A column: its title, and whether it holds numbers (which line up on the right)."""

    title: str
    numeric: bool = True


@dataclass(frozen=True)
class TableRow:
    """A row.

    texts: one a column, to be read. record: the same and more, unrounded, for programs; empty if the row is no cell.
    bold: whether the score (the second column) is. footnote: the number, from 1, of the block's footnote on this row.
    """

    texts: tuple[str, ...]
    record: Mapping[str, Raw]
    bold: bool = False
    footnote: int | None = None


@dataclass(frozen=True)
class TaskTable:
    """The rows of one task, with footnotes on rows and notes on the whole."""

    task: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    footnotes: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Findings:
    """What the rows of a task have in common."""

    task: str
    metric: Metric
    number_format: NumberFormat
    baseline: Key
    comparisons: Mapping[Key, Comparison]
    best: set[Key]
    gates: Sequence[str]
    chance: float | None


def build_task_table(task: str, metric: Metric, arms: Sequence[Arm], baseline: Key, chance: float | None) -> TaskTable:
    """Return the block of one task; `baseline` is the key of the arm that the others are compared with.

    Raises:
        UserError: an arm's trials are not of one network.
    """
    scored = {arm.key: arm.scores for arm in arms if arm.n}
    complete = {arm.key: arm.scores for arm in arms if not arm.lost}
    findings = _Findings(
        task,
        metric,
        number_format(metric, [score for scores in scored.values() for score in scores.values()]),
        baseline,
        compare(scored, baseline) if baseline in scored else {},
        best(complete, metric.direction) if len(complete) > 1 else set(),
        chosen_gates(arms),
        chance,
    )
    footnotes = list(dict.fromkeys(arm.losses() for arm in arms if arm.lost))
    names = Counter(arm.label for arm in arms)
    rows = []
    for arm in arms:
        label = one_line(arm.label if names[arm.label] == 1 else f"{arm.label} ({arm.cell_digest[:8]})")
        footnote = footnotes.index(arm.losses()) + 1 if arm.lost else None
        rows.append(TableRow(_texts(arm, label, findings), _record(arm, findings), arm.key in findings.best, footnote))
    columns = _columns(findings)
    simple = {name: value for arm in arms for name, value in arm.simple().items()}
    for name, value in {**({} if chance is None else {"chance": chance}), **simple}.items():
        rows.append(TableRow((one_line(name), findings.number_format.number(value), *[NONE] * (len(columns) - 2)), {}))
    return TaskTable(one_line(task), columns, tuple(rows), tuple(footnotes), _notes(arms, findings))


def _columns(findings: _Findings) -> tuple[Column, ...]:
    score = heading(findings.metric, findings.number_format.unit)
    gates = (f"{gate} (> 0.9)" for gate in findings.gates)
    numeric = (score, "n", "difference", "p (Holm)", "parameters", "seconds", *gates)
    return (Column("cell", numeric=False), *map(Column, numeric))


def _texts(arm: Arm, label: str, findings: _Findings) -> tuple[str, ...]:
    comparison = findings.comparisons.get(arm.key)
    if comparison is not None:
        difference = findings.number_format.difference(comparison.difference, arm.n)
    else:
        difference = "baseline" if arm.key == findings.baseline else NONE
    return (
        label,
        findings.number_format.estimate(estimate(list(arm.scores.values()))) if arm.n else NONE,
        str(arm.n),
        difference,
        p_value(comparison) if comparison else NONE,
        count(arm.parameters()),
        seconds(arm.median("seconds")),
        *(gate_text(arm, gate) for gate in findings.gates),
    )


def _record(arm: Arm, findings: _Findings) -> dict[str, Raw]:
    """Return a row's numbers, unrounded, in the metric's own unit; a figure that was not measured is None."""
    comparison = findings.comparisons.get(arm.key)
    return {
        "task": findings.task,
        "cell": arm.label,
        "cell_digest": arm.cell_digest,
        "metric": findings.metric.name,
        "direction": findings.metric.direction,
        "unit": findings.metric.unit,
        **_numbers(estimate(list(arm.scores.values())) if arm.n else None),
        "seeds": arm.n + len(arm.lost),
        "best": arm.key in findings.best,
        "baseline": findings.baseline[0],
        **{
            f"difference_{name}": value
            for name, value in _numbers(comparison.difference if comparison else None).items()
        },
        "p": comparison.p if comparison else None,
        "p_holm": comparison.p_holm if comparison else None,
        "attainable": comparison.attainable if comparison else None,
        "chance": findings.chance,
        "parameters": arm.parameters(),
        "seconds": arm.median("seconds"),
        "footnote": arm.losses(),
        **{name: fmean(figures) for name in figure_names([arm]) if (figures := arm.figures(name))},
    }


def _numbers(estimate: Estimate | None) -> dict[str, Raw]:
    if estimate is None:
        return {"mean": None, "half_width": None, "low": None, "high": None, "n": 0}
    return {**asdict(estimate), "low": estimate.low, "high": estimate.high}


def _notes(arms: Sequence[Arm], findings: _Findings) -> tuple[str, ...]:
    label, m = one_line(findings.baseline[0]), len(findings.comparisons)
    notes = []
    if m:
        notes.append(
            f"Difference: from {label}, paired by seed. p: sign-flip permutation test of the pairs, "
            f"Holm-corrected over {m} comparison{'s' if m > 1 else ''}."
        )
    else:
        notes.append(f"No differences: no other cell shares a seed with the baseline {label} on this task.")
    if not all(comparison.attainable for comparison in findings.comparisons.values()):
        notes.append(
            "n too small: with so few pairs no p of 0.05 could be reached, whatever the difference; "
            f"{m} comparison{'s need' if m > 1 else ' needs'} {pairs_needed(m)} seeds."
        )
    if len(arms) > 1 and not findings.best:
        notes.append("Nothing is marked as best: fewer than two cells have a score for every seed.")
    if findings.gates:
        example = findings.gates[0]
        notes.append(
            f"{example} (> 0.9): mean of gate {example} at the best epoch, in brackets the share of values above 0.9."
        )
    return tuple(notes)
