"""The columns of a task's table, and their texts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from gatebench.report.arms import Arm
from gatebench.report.gate_columns import chosen_roles, role_text, role_title
from gatebench.report.mixed_facts import fact_values
from gatebench.report.number_format import (
    MISSING,
    count_text,
    effect_text,
    number_format,
    one_line,
    p_text,
    score_title,
    seconds_text,
)
from gatebench.report.scores import median_text, n_text, score_best, score_format, score_median, score_text
from gatebench.report.task_comparison import TaskComparison
from gatebench.report.task_table import COST, MORE_SCORES, Column
from gatebench.task import Metric


@dataclass(frozen=True)
class ArmColumn:
    """A column of the rows of arms.

    Attributes:
        column: the column.
        text: `text(arm)` returns its text in the row of an arm.
    """

    column: Column
    text: Callable[[Arm], str]


def arm_columns(
    arms: Sequence[Arm], comparison: TaskComparison, others: Sequence[Metric], *, cost: bool = True
) -> list[ArmColumn]:
    """Return the columns of a task's table.

    Args:
        arms: the arms of the task.
        comparison: their comparison by the headline metric.
        others: the other metrics that have a column.
        cost: whether there are columns of cost and gates.
    """
    return [
        ArmColumn(Column("cell", numeric=False), lambda arm: arm.label),
        *_score_columns(arms, comparison.metric),
        *_comparison_columns(comparison),
        *_spread_columns(arms, comparison.metric),
        *(_other_score_column(arms, metric) for metric in others),
        *(_cost_columns(arms) if cost else ()),
        *(_gate_columns(arms) if cost else ()),
    ]


def _score_columns(arms: Sequence[Arm], metric: Metric) -> Iterator[ArmColumn]:
    """Yield the column of a metric's scores and the column of n."""
    numbers = score_format(arms, metric)
    yield ArmColumn(Column(score_title(metric, numbers.unit)), lambda arm: score_text(arm, metric, numbers))
    yield ArmColumn(Column("n"), lambda arm: n_text(arm, metric))


def _other_score_column(arms: Sequence[Arm], metric: Metric) -> ArmColumn:
    numbers = score_format(arms, metric)
    title = score_title(metric, numbers.unit)
    return ArmColumn(Column(title, group=MORE_SCORES), lambda arm: score_text(arm, metric, numbers))


def _comparison_columns(comparison: TaskComparison) -> Iterator[ArmColumn]:
    """Yield the columns of the difference, its p and the size of the effect."""
    found = comparison.comparisons
    numbers = number_format(comparison.metric, [one.difference for one in found.values() if one.difference is not None])

    def difference(arm: Arm) -> str:
        if arm.label in comparison.baselines:
            return "baseline"
        one = found.get(arm.label)
        return MISSING if one is None or one.difference is None else numbers.estimate(one.difference, sign=True)

    yield ArmColumn(Column("difference"), difference)
    yield ArmColumn(Column("p (Holm)"), lambda arm: p_text(found[arm.label]) if arm.label in found else MISSING)
    yield ArmColumn(
        Column("effect g"), lambda arm: effect_text(found[arm.label].effect if arm.label in found else None)
    )


def _spread_columns(arms: Sequence[Arm], metric: Metric) -> Iterator[ArmColumn]:
    """Yield the columns of the median and of the best score."""
    numbers = score_format(arms, metric)

    def best(arm: Arm) -> str:
        value = score_best(arm, metric)
        return MISSING if value is None else numbers.number(value)

    yield ArmColumn(Column("median", group=MORE_SCORES), lambda arm: median_text(score_median(arm, metric), numbers))
    yield ArmColumn(Column("best", group=MORE_SCORES), best)


def _cost_columns(arms: Sequence[Arm]) -> Iterator[ArmColumn]:
    """Yield the columns of parameters, FLOPs and seconds, and of the backend if it differs between trials."""
    yield ArmColumn(Column("parameters", group=COST), partial(count_range, metric="parameters"))
    yield ArmColumn(Column("FLOPs/step", group=COST), partial(count_range, metric="flops/step"))
    yield ArmColumn(Column("seconds", group=COST), lambda arm: seconds_text(arm.median("seconds")))
    if len({backend for arm in arms for backend in fact_values(arm, "backend")}) > 1:
        yield ArmColumn(Column("backend", group=COST), backends)


def count_range(arm: Arm, metric: str) -> str:
    """Return a whole number that all trials of an arm have, or its range if it differs: "1,204 to 38,000"."""
    values = arm.extent(metric)
    if len(values) > 1 and arm.varied:
        return f"{count_text(values[0])} to {count_text(values[-1])}"
    return count_text(arm.constant(metric))


def backends(arm: Arm) -> str:
    """Return the backends of an arm's trials, e.g. "fused" or "fused, reference"."""
    return ", ".join(map(one_line, sorted(fact_values(arm, "backend")))) or MISSING


def _gate_columns(arms: Sequence[Arm]) -> Iterator[ArmColumn]:
    """Yield a column for each role of gates."""
    for role in chosen_roles(arms):
        yield ArmColumn(Column(role_title(arms, role), group=COST), partial(role_text, role=role))
