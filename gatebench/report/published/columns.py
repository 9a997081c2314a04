"""The columns of published results, and their values for programs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isclose

from gatebench.report.arms import Arm
from gatebench.report.columns import ArmColumn
from gatebench.report.number_format import MISSING, NumberFormat, one_line
from gatebench.report.published.matching import ShownResult, shown_results
from gatebench.report.published.verdicts import PublishedVerdict, published_verdict
from gatebench.report.scores import score_format
from gatebench.report.task_comparison import TaskComparison
from gatebench.report.task_table import Column, RecordValue
from gatebench.task import Metric

PUBLISHED, EXPECTED, VERDICT = "published", "expected", "verdict"
"""The names of the columns by which `columns=` chooses those of all publications."""

BASELINE = "baseline"
"""The text in the row of a publication's baseline."""


@dataclass(frozen=True)
class PublishedBlock:
    """A published result with the verdicts on the rows of a table.

    Attributes:
        shown: the result.
        verdicts: {label of an arm: verdict} of the arms that have an entry.
        metric: the metric of the table.
        numbers: the format of the scores.
    """

    shown: ShownResult
    verdicts: dict[str, PublishedVerdict]
    metric: Metric
    numbers: NumberFormat

    def columns(self) -> Iterator[ArmColumn]:
        """Yield the columns: what is published, what is expected or found here, and the verdict."""
        group = one_line(f"{self.shown.title}, {self.shown.result.place}")
        has_values = self.shown.result.has_values
        ours = "expected" if has_values else "here"
        keys = [f"{self.shown.key}/{name}" for name in ("value", "sd", "significance", "mark", "note")]
        published = Column(self.shown.title, numeric=False, group=group, name=PUBLISHED, keys=tuple(keys))
        yield ArmColumn(published, self._published)
        keys = [f"{self.shown.key}/{name}" for name in ("low", "high", "here")]
        yield ArmColumn(Column(ours, numeric=has_values, group=group, name=EXPECTED, keys=tuple(keys)), self._ours)
        keys = [f"{self.shown.key}/{name}" for name in ("verdict", "reason")]
        yield ArmColumn(Column("verdict", numeric=False, group=group, name=VERDICT, keys=tuple(keys)), self._word)

    def note(self, arm: Arm) -> str:
        """Return the footnote of a row that is not comparable; "" for other rows."""
        verdict = self.verdicts.get(arm.label)
        if verdict is None or verdict.word != "not comparable":
            return ""
        return f"Not comparable with {self.shown.title}: {verdict.reason}."

    def record(self, arm: Arm) -> dict[str, RecordValue]:
        """Return the values of a row for programs, in the unit of the metric."""
        entry, verdict, key = self.shown.entry(arm), self.verdicts.get(arm.label), self.shown.key
        factor = self.shown.result.factor
        low, high = (verdict.expected if verdict else None) or (None, None)
        values: dict[str, RecordValue] = {"verdict": verdict.word if verdict else None}
        values["reason"] = verdict.reason if verdict else None
        values["mark"], values["note"] = (entry.mark, entry.note) if entry else (None, None)
        if self.shown.result.has_values:
            values["value"] = factor * float(entry.value) if entry and entry.value else None
            values["sd"] = factor * float(entry.sd) if entry and entry.sd else None
            values |= {"low": low, "high": high}
        else:
            values["significance"] = entry.significance if entry else None
            values["here"] = verdict.here if verdict else None
        return {f"{key}/{name}": value for name, value in values.items()}

    def _published(self, arm: Arm) -> str:
        """Return the published value or significance with its mark, e.g. "98.5 (secondary)"."""
        if self.shown.is_baseline(arm):
            return BASELINE
        entry = self.shown.entry(arm)
        if entry is None:
            return MISSING
        if entry.significance is not None:
            return f"{entry.significance} ({entry.mark})"
        spread = f" (sd {self._number(entry.sd)})" if entry.sd else ""
        return f"{self._number(entry.value or '')}{spread} ({entry.mark})"

    def _number(self, printed: str) -> str:
        """Return a published number as it is printed, or in the format of the scores if they have another unit."""
        factor = self.shown.result.factor
        if isclose(factor * self.numbers.factor, 1.0):
            return printed.replace("-", "−")
        return self.numbers.number(factor * float(printed))

    def _ours(self, arm: Arm) -> str:
        verdict = self.verdicts.get(arm.label)
        if verdict is None or (verdict.expected is None and verdict.here is None):
            return MISSING
        if verdict.expected is None:
            return str(verdict.here)
        low, high = (self.numbers.number(end) for end in _cut(verdict.expected, self.metric))
        return f"[{low}, {high}]"

    def _word(self, arm: Arm) -> str:
        verdict = self.verdicts.get(arm.label)
        return MISSING if verdict is None else verdict.word


def published_blocks(task: str, arms: Sequence[Arm], comparison: TaskComparison) -> list[PublishedBlock]:
    """Return the published results for the table of a task and a metric, with the verdicts.

    Args:
        task: the label of the task.
        arms: the arms of the task.
        comparison: their comparison by the metric. Its study names the publications.
    """
    metric = comparison.metric
    blocks = []
    for shown in shown_results(comparison.study.published, task, metric.name, arms, comparison.study.arms):
        entries = ((arm, shown.entry(arm)) for arm in arms if not shown.is_baseline(arm))
        verdicts = {
            arm.label: published_verdict(shown, arm, entry, comparison, arms)
            for arm, entry in entries
            if entry is not None
        }
        blocks.append(PublishedBlock(shown, verdicts, metric, score_format(arms, metric)))
    return blocks


def published_columns(blocks: Iterable[PublishedBlock]) -> list[ArmColumn]:
    """Return the columns of all results."""
    return [column for block in blocks for column in block.columns()]


def _cut(interval: tuple[float, float], metric: Metric) -> tuple[float, float]:
    """Return an interval that is cut at the bounds of the metric."""
    low, high = interval
    least, most = metric.low, metric.high
    return low if least is None else max(low, least), high if most is None else min(high, most)
