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
from gatebench.report.task_table import COST, LABEL, MORE_SCORES, SCORE_NAME, Column
from gatebench.task import Metric

SCORE_KEYS = ("mean", "low", "high", "diverged", "scores", "diverged_scores", "best", "chance")
P_KEYS = ("p", "p_corrected", "smallest_p", "attainable", "by_rank", "family", "test")


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
        ArmColumn(Column("cell", numeric=False, name=LABEL), lambda arm: arm.label),
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
    title = score_title(metric, numbers.unit)
    yield ArmColumn(Column(title, name=SCORE_NAME, keys=SCORE_KEYS), lambda arm: score_text(arm, metric, numbers))
    yield ArmColumn(Column("n", name="n", keys=("n", "seeds")), lambda arm: n_text(arm, metric))


def _other_score_column(arms: Sequence[Arm], metric: Metric) -> ArmColumn:
    numbers = score_format(arms, metric)
    title = score_title(metric, numbers.unit)
    keys = tuple(f"{metric.name}_{part}" for part in ("mean", "low", "high"))
    column = Column(title, group=MORE_SCORES, name=metric.name, keys=keys)
    return ArmColumn(column, lambda arm: score_text(arm, metric, numbers))


def _comparison_columns(comparison: TaskComparison) -> Iterator[ArmColumn]:
    """Yield the columns of the difference, its p and the size of the effect."""
    found = comparison.comparisons
    numbers = number_format(comparison.metric, [one.difference for one in found.values() if one.difference is not None])

    def difference(arm: Arm) -> str:
        if arm.label in comparison.baselines:
            return "baseline"
        one = found.get(arm.label)
        return MISSING if one is None or one.difference is None else numbers.estimate(one.difference, sign=True)

    yield ArmColumn(Column("difference", name="difference", keys=("baseline", "difference_*")), difference)
    p_column = Column("p (Holm)", name="p", keys=P_KEYS)
    yield ArmColumn(p_column, lambda arm: p_text(found[arm.label]) if arm.label in found else MISSING)
    effect = Column("effect g", name="effect", keys=("effect_*",))
    yield ArmColumn(effect, lambda arm: effect_text(found[arm.label].effect if arm.label in found else None))


def _spread_columns(arms: Sequence[Arm], metric: Metric) -> Iterator[ArmColumn]:
    """Yield the columns of the median and of the best score."""
    numbers = score_format(arms, metric)

    def best(arm: Arm) -> str:
        value = score_best(arm, metric)
        return MISSING if value is None else numbers.number(value)

    median = Column("median", group=MORE_SCORES, name="median", keys=("median",))
    yield ArmColumn(median, lambda arm: median_text(score_median(arm, metric), numbers))
    yield ArmColumn(Column("best", group=MORE_SCORES, name="best", keys=("best_score",)), best)


def _cost_columns(arms: Sequence[Arm]) -> Iterator[ArmColumn]:
    """Yield the columns of parameters, FLOPs and seconds, and of the backend if it differs between trials."""
    parameters = Column("parameters", group=COST, name="parameters", keys=("parameters", "parameters_*"))
    yield ArmColumn(parameters, partial(count_range, metric="parameters"))
    flops = Column("FLOPs/step", group=COST, name="flops", keys=("flops_per_step",))
    yield ArmColumn(flops, partial(count_range, metric="flops/step"))
    seconds = Column("seconds", group=COST, name="seconds", keys=("seconds",))
    yield ArmColumn(seconds, lambda arm: seconds_text(arm.median("seconds")))
    if len({backend for arm in arms for backend in fact_values(arm, "backend")}) > 1:
        yield ArmColumn(Column("backend", group=COST, name="backend", keys=("backend",)), backends)


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
        column = Column(role_title(arms, role), group=COST, name=role, keys=(f"*gate/l*/{role}/*",))
        yield ArmColumn(column, partial(role_text, role=role))
