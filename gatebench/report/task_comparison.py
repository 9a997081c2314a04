"""The comparison of a task's arms by one metric: who is compared with whom, who is left out, and who is best."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gatebench.errors import UserError
from gatebench.measures.best_set import best
from gatebench.measures.comparisons import ArmScores, Comparison, compare
from gatebench.measures.seed_correlation import seed_correlation
from gatebench.report.arms import Arm
from gatebench.report.run_metrics import record_name
from gatebench.study import Study
from gatebench.task import Metric


@dataclass(frozen=True)
class TaskComparison:
    """The comparison of a task's arms by one metric. Arms are named by their labels.

    Attributes:
        metric: the metric.
        study: the declaration of the study.
        baselines: the labels of the arms of the baseline.
        partners: {label: label of the baseline's arm that it is compared with}.
        unlike: the labels of the arms whose partner is another cell with other settings.
        comparisons: {label: comparison with its partner}.
        best: the labels of the best arms; empty if fewer than two arms can be compared.
        left_out: the labels of the arms with a trial that did not end, which are not compared.
        seed_correlation: the correlation of the scores of different arms at the same seed; None if it is not defined.
    """

    metric: Metric
    study: Study
    baselines: tuple[str, ...]
    partners: Mapping[str, str]
    unlike: frozenset[str]
    comparisons: Mapping[str, Comparison]
    best: frozenset[str]
    left_out: tuple[str, ...]
    seed_correlation: float | None

    @property
    def score(self) -> str:
        """The name of the metric among the final metrics of a trial, see `record_name`."""
        return record_name(self.metric)


def task_comparison(metric: Metric, study: Study, arms: Sequence[Arm], baseline: str) -> TaskComparison:
    """Return the comparison of a task's arms.

    An arm is compared with the arm of the baseline that has the same settings, or with the only arm of the baseline.
    Arms with a trial that failed, was refused or was interrupted are left out: the reason may depend on the score. Arms
    with seeds that diverged are compared by rank.

    Args:
        metric: the metric.
        study: the declaration of the study.
        arms: the arms of one task.
        baseline: a label or the digest of the baseline.

    Raises:
        UserError: the test is paired, and arms have different seeds or draws.
    """
    score = record_name(metric)
    if study.test == "paired":
        _check_draws(arms, [arm.label for arm in arms if not arm.unfinished(score)])
    left_out = tuple(arm.label for arm in arms if arm.unfinished(score))
    scores = {arm.label: ArmScores(arm.scores(score), frozenset(arm.diverged(score))) for arm in arms}
    compared = {label: one for label, one in scores.items() if label not in left_out and (one.scores or one.diverged)}
    baselines = _baselines(arms, baseline)
    partners = _partners(arms, baselines)
    comparisons: dict[str, Comparison] = {}
    for partner in dict.fromkeys(partners.values()):
        group = {label: one for label, one in compared.items() if partner in (label, partners.get(label))}
        families = _families(study, [arm for arm in arms if arm.label in group and arm.label != partner])
        if partner in group and len(group) > 1 and families != {}:
            comparisons |= compare(group, partner, metric.direction, test=study.test, families=families)
    return TaskComparison(
        metric,
        study,
        tuple(arm.label for arm in baselines),
        partners,
        _unlike(arms, partners),
        comparisons,
        frozenset(best(compared, metric.direction, test=study.test) if len(compared) > 1 else ()),
        left_out,
        seed_correlation(compared),
    )


def _check_draws(arms: Sequence[Arm], compared: Collection[str]) -> None:
    """Check that the arms that are compared share their draws, if their trials differ in more than the seed.

    Raises:
        UserError: they do not.
    """
    searched = [arm for arm in arms if arm.varied and arm.label in compared]
    for first, other in pairwise(searched):
        if first.trials.keys() != other.trials.keys():
            raise UserError(
                f"The paired test needs the same draws and seeds in all cells, but the {len(first.trials)} trials of "
                f"{first.label} and the {len(other.trials)} trials of {other.label} have only "
                f"{len(first.trials.keys() & other.trials.keys())} in common; use test=unpaired."
            )


def _baselines(arms: Sequence[Arm], baseline: str) -> list[Arm]:
    """Return the arms of the baseline: one for each group of settings, or the first of all if there is one cell."""
    found = [arm for arm in arms if arm.matches(baseline)]
    return found[:1] if len(found) == len(arms) else found


def _partners(arms: Sequence[Arm], baselines: Sequence[Arm]) -> dict[str, str]:
    """Return {label: label of the baseline's arm}, without the arms that have none."""
    labels = {arm.label for arm in baselines}
    partners = {}
    for arm in arms:
        same = [one for one in baselines if one.settings == arm.settings] or baselines
        if arm.label not in labels and len(same) == 1:
            partners[arm.label] = same[0].label
    return partners


def _unlike(arms: Sequence[Arm], partners: Mapping[str, str]) -> frozenset[str]:
    """Return the labels of the arms whose partner is another cell with other settings."""
    by_label = {arm.label: arm for arm in arms}
    pairs = ((by_label[label], by_label[partner]) for label, partner in partners.items())
    return frozenset(
        arm.label
        for arm, partner in pairs
        if arm.settings != partner.settings and arm.cell_digest != partner.cell_digest
    )


def _families(study: Study, arms: Sequence[Arm]) -> dict[str, list[str]] | None:
    """Return {family: labels of the arms}; None if no families were declared, so that all arms are one family."""
    if not study.families:
        return None
    families = {
        name: [arm.label for arm in arms if any(arm.matches(cell) for cell in cells)]
        for name, cells in study.families.items()
    }
    return {name: labels for name, labels in families.items() if labels}
