"""The values of an arm for programs: the line of a CSV file."""

from collections.abc import Sequence
from math import isfinite
from statistics import fmean

from gatebench.measures.estimates import Estimate
from gatebench.report.arm_settings import settings_text
from gatebench.report.arms import Arm, is_score
from gatebench.report.columns import backends
from gatebench.report.gate_columns import gate_metric_names
from gatebench.report.scores import score_best, score_estimate, score_median, scores_record
from gatebench.report.task_comparison import TaskComparison
from gatebench.report.task_table import RecordValue
from gatebench.report.varied_settings import varied_texts
from gatebench.task import Metric


def arm_record(
    task: str, arm: Arm, comparison: TaskComparison, others: Sequence[Metric], chance: float | None, note: str
) -> dict[str, RecordValue]:
    """Return the values of an arm, unrounded, in the metric's own unit. A value that was not measured is None.

    Args:
        task: the label of the task.
        arm: the arm.
        comparison: the comparison of the task's arms.
        others: the other metrics of which the mean and the interval are given.
        chance: the headline metric of a blind guess.
        note: the footnotes of the arm.
    """
    metric, score = comparison.metric, comparison.score
    return {
        "task": task,
        "cell": arm.labels[0],
        "label": arm.label,
        "cell_digest": arm.equations,
        "settings": settings_text(arm.settings),
        "metric": metric.name,
        "direction": metric.direction,
        "unit": metric.unit,
        **_estimate_values("", score_estimate(arm, metric)),
        "n": len(arm.scores(score)) + len(arm.diverged(score)),
        "diverged": len(arm.diverged(score)),
        "seeds": len(arm.seeds),
        "median": _finite(score_median(arm, metric)),
        "best_score": score_best(arm, metric),
        "scores": scores_record(arm, arm.scores(score)),
        "diverged_scores": scores_record(arm, _late_scores(arm, score)),
        "best": arm.label in comparison.best,
        **_comparison_values(arm, comparison),
        "chance": chance,
        "parameters": arm.constant("parameters"),
        "flops_per_step": arm.constant("flops/step"),
        "seconds": arm.median("seconds"),
        "backend": backends(arm),
        "footnote": note,
        **_varied_values(arm),
        **_selection_values(arm),
        **{
            name: value
            for other in others
            for name, value in _estimate_values(f"{other.name}_", score_estimate(arm, other)).items()
        },
        **{name: fmean(values) for name in gate_metric_names([arm]) if (values := arm.values(name))},
    }


def _comparison_values(arm: Arm, comparison: TaskComparison) -> dict[str, RecordValue]:
    found = comparison.comparisons.get(arm.label)
    return {
        "baseline": comparison.partners.get(arm.label),
        **_estimate_values("difference_", found.difference if found else None),
        "p": found.p if found else None,
        "p_corrected": found.p_corrected if found else None,
        "smallest_p": found.smallest_p if found else None,
        "attainable": found.attainable if found else None,
        "by_rank": found.by_rank if found else None,
        "family": found.family if found else None,
        "test": comparison.study.test,
        **_estimate_values("effect_", found.effect if found else None),
    }


def _varied_values(arm: Arm) -> dict[str, RecordValue]:
    """Return the values that only an arm has whose trials differ in their settings."""
    if not arm.varied:
        return {}
    parameters = arm.extent("parameters") or (None,)
    return {
        "varied": "; ".join(varied_texts(list(arm.trials.values()), arm.varied, {})),
        "parameters_low": parameters[0],
        "parameters_high": parameters[-1],
    }


def _selection_values(arm: Arm) -> dict[str, RecordValue]:
    """Return the values that only an arm has whose trials were selected."""
    if arm.selection is None:
        return {}
    chosen = settings_text(arm.selection.chosen)
    return {"view": arm.selection.view, "selected_from": arm.selection.total, "chosen": chosen}


def _estimate_values(prefix: str, estimate: Estimate | None) -> dict[str, RecordValue]:
    values = (None, None, None) if estimate is None else (estimate.mean, estimate.low, estimate.high)
    return {f"{prefix}{name}": value for name, value in zip(("mean", "low", "high"), values, strict=True)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _late_scores(arm: Arm, score: str) -> dict[int, float]:
    """Return {seed: test score of the best checkpoint} of the trials that diverged after it."""
    trials = {seed: arm.trials[seed] for seed in arm.diverged(score)}
    return {
        seed: trial.metrics[score]
        for seed, trial in trials.items()
        if trial.status == "diverged" and is_score(trial.metrics.get(score, float("nan")))
    }
