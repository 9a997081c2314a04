"""The notes below a task's table: how the scores, the differences and p were computed."""

from collections import Counter
from collections.abc import Sequence

from gatebench.measures.comparisons import Comparison
from gatebench.measures.power import seeds_needed
from gatebench.report.arms import Arm
from gatebench.report.gate_columns import COLUMN_ROLES, chosen_roles, role_note, role_title
from gatebench.report.matched_parameters import matched_notes
from gatebench.report.number_format import one_line, p_value
from gatebench.report.scores import score_estimate
from gatebench.report.search_notes import search_notes
from gatebench.report.selection import selection_notes
from gatebench.report.task_comparison import TaskComparison
from gatebench.report.task_table import SCORE_NAME, ColumnNote
from gatebench.report.varied_settings import varied_texts
from gatebench.study import Study, Test
from gatebench.task import Metric

TESTS: dict[Test, str] = {
    "unpaired": "permutation test and Welch's t test of the means (unpaired), the larger p of the two",
    "paired": "sign-flip permutation test of the differences, paired by seed",
}
"""What the tests are called in a note."""

BOLD = (
    "the best cell, and every cell that is not significantly worse, corrected for the choice of the best one. If "
    "several cells are equally good and the best, all of them are marked in at least 95 % of tables."
)
"""The meaning of bold scores."""


def common_notes(*, varied: bool) -> tuple[str, ...]:
    """Return the notes that hold for every table.

    Args:
        varied: whether the trials of an arm differ in more than the seed.
    """
    unit = "trial" if varied else "seed"
    return (
        ColumnNote(
            f"Score: mean on the test set over n {unit}s, with its 95 % Student-t interval. One {unit} has no "
            "interval.",
            SCORE_NAME,
        ),
        ColumnNote(
            f"Median and best: over the {unit}s. Seconds: median wall time of a trial. FLOPs/step: floating-point "
            "operations of the recurrent layers for one time step of one example.",
            *("median", "best", "seconds", "flops"),
        ),
    )


CLIPPED = ColumnNote(
    "[…, …] after a score: the interval, which is cut at the largest or the smallest possible score.", SCORE_NAME
)
BY_RANK = (
    "A cell with {unit}s that diverged has no mean. Its median counts a {unit} that diverged as worse than every "
    "score, and p compares ranks in the same way (rank)."
)


def task_notes(
    arms: Sequence[Arm], comparison: TaskComparison, others: Sequence[Metric], headline: Metric | None = None
) -> tuple[str, ...]:
    """Return the notes on a task's table.

    Args:
        arms: the arms of the task.
        comparison: their comparison.
        others: the other metrics that have a column.
        headline: the headline metric of the task, by which trials are selected; None: that of the comparison.
    """
    varied = arms[0].varied if arms else ()
    notes = selection_notes(arms, headline or comparison.metric)
    notes += varied_notes(arms, comparison.study)
    notes += matched_notes(arms)
    notes += search_notes(arms, comparison.study)
    shown = [score_estimate(arm, metric) for arm in arms for metric in (comparison.metric, *others)]
    if any(one is not None and one.clipped for one in shown):
        notes.append(CLIPPED)
    if any(arm.diverged(comparison.score) for arm in arms):
        notes.append(BY_RANK.format(unit="trial" if varied else "seed"))
    notes += _comparison_notes(comparison, varied=bool(varied))
    if len(arms) > 1 and not comparison.best:
        notes.append("No score is marked as the best: fewer than two cells can be compared.")
    roles = [role_title(arms, role) for role in chosen_roles(arms)]
    return tuple(filter(None, [*notes, ColumnNote(role_note(roles), *COLUMN_ROLES)]))


def varied_notes(arms: Sequence[Arm], study: Study) -> list[str]:
    """Return a note on the settings in which the trials of an arm may differ; none if they differ in the seed alone."""
    keys = arms[0].varied if arms else ()
    if not keys:
        return []
    trials = [trial for arm in arms for trial in arm.trials.values()]
    return [f"The trials of a cell may differ in: {one_line('; '.join(varied_texts(trials, keys, study.search)))}."]


def _comparison_notes(comparison: TaskComparison, *, varied: bool) -> list[str]:
    """Return the notes on the differences, p and its smallest value, the families and the seeds."""
    found = list(comparison.comparisons.values())
    if not found:
        return [_no_comparison(comparison)]
    notes: list[str] = [
        ColumnNote(
            f"Difference: from {_baseline(comparison)}. p: {TESTS[comparison.study.test]}, {_correction(comparison)}.",
            *("difference", "p"),
        ),
        ColumnNote(
            "The interval of a difference is corrected like p: it contains 0 if p is greater than 0.05.", "difference"
        ),
        ColumnNote(
            "Effect g: Hedges' g, the difference in units of the pooled standard deviation, with its 95 % interval, "
            "which is not corrected.",
            "effect",
        ),
        ColumnNote(_smallest_p(found), "p"),
    ]
    if outside := _in_no_family(comparison):
        listed = ", ".join(map(one_line, outside))
        notes.append(ColumnNote(f"Without p, because no declared family contains them: {listed}.", "p"))
    if comparison.seed_correlation is not None and not comparison.study.samplers:  # else the cells have other draws
        correlation = f"{comparison.seed_correlation:.2f}".replace("-", "−")
        same = "draw and seed" if varied else "seed"
        notes.append(
            ColumnNote(
                f"Correlation between the scores of different cells with the same {same}: {correlation}. "
                "A paired test gains power only if it is clearly above 0.",
                "p",
            )
        )
    if not all(one.attainable for one in found):
        notes.append(ColumnNote(_too_small(comparison, varied=varied), "p"))
    return notes


def _in_no_family(comparison: TaskComparison) -> list[str]:
    """Return the labels of the arms that could be compared, but are in no declared family."""
    named = {*comparison.comparisons, *comparison.left_out}
    return [label for label in comparison.partners if label not in named]


def _baseline(comparison: TaskComparison) -> str:
    if len(comparison.baselines) == 1:
        return one_line(comparison.baselines[0])
    return "the baseline with the same settings"


def _no_comparison(comparison: TaskComparison) -> str:
    if not comparison.baselines:
        return "No differences: the baseline has no trial on this task."
    label = _baseline(comparison)
    if any(baseline in comparison.left_out for baseline in comparison.baselines):
        return f"No differences: not every trial of the baseline {label} ended."
    return f"No differences: no other cell can be compared with the baseline {label}."


def _family_sizes(comparison: TaskComparison) -> Counter[tuple[str, str]]:
    """Return the number of comparisons that are corrected together, by baseline and family."""
    return Counter((comparison.partners[label], one.family) for label, one in comparison.comparisons.items())


def _correction(comparison: TaskComparison) -> str:
    """Return the correction with the sizes of the families, e.g. "Holm-corrected over 5 comparisons"."""
    sizes = _family_sizes(comparison)
    several = len({partner for partner, _ in sizes}) > 1
    places = ["within each group of settings"] if several else []
    families: dict[str, set[int]] = {}
    for (_, family), size in sizes.items():
        families.setdefault(family, set()).add(size)
    shown = {family: " or ".join(map(_comparisons, sorted(own))) for family, own in families.items()}
    if len(shown) == 1:
        return " ".join(["Holm-corrected", *places, "over", *shown.values()])
    parts = (f"{one_line(family)} ({own})" for family, own in shown.items())
    return f"Holm-corrected {' and '.join([*places, 'within each family'])}: {', '.join(parts)}"


def _comparisons(number: int) -> str:
    return f"{number} comparison{'s' if number > 1 else ''}"


def _smallest_p(found: Sequence[Comparison]) -> str:
    """Return the smallest p that can be reached with these n."""
    by_n: dict[tuple[int, int], float] = {}
    for one in found:
        by_n[one.n] = max(by_n.get(one.n, 0.0), one.smallest_p)
    parts = [f"{p_value(p)} with n = {_n(n)}" for n, p in by_n.items()]
    return f"Smallest corrected p that can be reached: {', '.join(parts)}."


def _n(n: tuple[int, int]) -> str:
    return str(n[0]) if n[0] == n[1] else f"{n[0]} and {n[1]}"


def _too_small(comparison: TaskComparison, *, varied: bool) -> str:
    """Return the number of seeds that would be enough for each family."""
    sizes = _family_sizes(comparison)
    lacking = [
        sizes[comparison.partners[label], one.family]
        for label, one in comparison.comparisons.items()
        if not one.attainable
    ]
    comparisons = max(lacking)
    return (
        "n too small: no difference, however large, could have p of 0.05 or less. "
        f"{_comparisons(comparisons).capitalize()} need{'s' if comparisons == 1 else ''} "
        f"{seeds_needed(comparisons, comparison.study.test)} {'trials' if varied else 'seeds'} a cell."
    )
