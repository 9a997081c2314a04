"""Whether a row agrees with a published entry: the rule, and the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gatebench.measures.comparisons import Comparison
from gatebench.measures.published_interval import expected_interval
from gatebench.published import PublishedEntry
from gatebench.published.publication import Significance, last_digit
from gatebench.report.arms import Arm
from gatebench.report.number_format import one_line, p_value
from gatebench.report.published.matching import ShownResult
from gatebench.report.scores import score_median
from gatebench.report.task_comparison import TaskComparison
from gatebench.task import Metric

Word = Literal["agrees", "differs", "not comparable"]
"""The verdicts."""


@dataclass(frozen=True)
class PublishedVerdict:
    """The comparison of a row with a published entry.

    Attributes:
        word: the verdict.
        reason: the reason; "" if a published value was compared with the interval.
        expected: the interval in which a published value agrees, in the unit of the metric; None if there is none.
        here: the significance in our table; None if there is none.
    """

    word: Word
    reason: str = ""
    expected: tuple[float, float] | None = None
    here: Significance | None = None


def published_verdict(
    shown: ShownResult, arm: Arm, entry: PublishedEntry, comparison: TaskComparison, arms: Sequence[Arm]
) -> PublishedVerdict:
    """Return the verdict on a row.

    A value agrees if it is in the interval of `gatebench.measures.published_interval`. A significance agrees if our
    difference from the same baseline has the same significance. A row is not comparable if the protocol differs in a
    point that the publication's file declares as decisive, or if our trials do not allow a comparison.

    Args:
        shown: the published result.
        arm: the arm of the row.
        entry: its entry.
        comparison: the comparison of the task's arms.
        arms: the arms of the task.
    """
    if reason := _protocol(shown, arm, entry):
        return PublishedVerdict("not comparable", reason)
    if shown.result.has_values:
        return _of_value(shown, arm, entry, comparison)
    return _of_significance(shown, arm, entry, comparison, arms)


def _protocol(shown: ShownResult, arm: Arm, entry: PublishedEntry) -> str:
    """Return the differences of the protocol that prevent a comparison; "" if there are none."""
    result = shown.result
    reasons = [f"the cell there is {entry.cell}"] if shown.is_near(arm, entry) else []
    reasons += [*result.decisive, *shown.broken(arm, entry)]
    if result.has_values and result.statistic == "best":
        of = f" of {result.runs:,} trials" if result.runs else ""
        reasons.append(f"it gives the best{of}, and not a mean")
    return one_line("; ".join(reasons))


def _of_value(shown: ShownResult, arm: Arm, entry: PublishedEntry, comparison: TaskComparison) -> PublishedVerdict:
    scores = list(arm.scores(comparison.score).values())
    if arm.label in comparison.left_out:
        return PublishedVerdict("not comparable", "not every trial ended")
    if arm.diverged(comparison.score):
        return PublishedVerdict("not comparable", "a seed diverged, so that there is no mean")
    factor, value = shown.result.factor, entry.value or "0"
    expected = expected_interval(
        scores,
        runs=shown.result.runs,
        sd=None if entry.sd is None else factor * float(entry.sd),
        digit=factor * last_digit(value),
    )
    if expected is None:
        return PublishedVerdict("not comparable", "there is no interval for fewer than two scores")
    inside = expected[0] <= factor * float(value) <= expected[1]
    return PublishedVerdict("agrees" if inside else "differs", expected=expected)


def _of_significance(
    shown: ShownResult, arm: Arm, entry: PublishedEntry, comparison: TaskComparison, arms: Sequence[Arm]
) -> PublishedVerdict:
    found = comparison.comparisons.get(arm.label)
    if found is None:
        return PublishedVerdict("not comparable", "this row is not compared with the baseline")
    partner = next(one for one in arms if one.label == comparison.partners[arm.label])
    if not shown.is_baseline(partner):
        return PublishedVerdict("not comparable", f"the baseline there is {one_line(shown.result.baseline)}")
    if not found.attainable:
        return PublishedVerdict("not comparable", "n is too small for p of 0.05")
    change = _change(found, arm, partner, comparison.metric)
    if found.significant and not change:
        return PublishedVerdict("not comparable", "p compares ranks, and the medians are equal")
    here: Significance = "not significant"
    if found.significant:
        here = "better" if (change > 0) == (comparison.metric.direction == "max") else "worse"
    reason = f"{here} here, p {p_value(found.p_corrected)}; {entry.significance} there"
    return PublishedVerdict("agrees" if here == entry.significance else "differs", reason, here=here)


def _change(found: Comparison, arm: Arm, partner: Arm, metric: Metric) -> float:
    """Return the difference of the means, or of the medians if a seed diverged."""
    if found.difference is not None:
        return found.difference.mean
    first, second = score_median(arm, metric), score_median(partner, metric)
    return 0.0 if first is None or second is None or first == second else first - second
