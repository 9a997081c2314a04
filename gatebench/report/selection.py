"""The selection of an arm's trials by their validation scores: `view=best10` and `view=best`. No test score is read.

Sources: the best 10 % of the trials of a random search, Greff et al. 2017, "LSTM: A search space odyssey", section V;
the best settings by validation, Chung et al. 2014 and Jozefowicz et al. 2015.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf
from statistics import fmean

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.arm_settings import Settings, settings_text
from gatebench.report.arms import Arm, Selection, is_score
from gatebench.report.number_format import one_line
from gatebench.report.varied_settings import varied_values
from gatebench.study import View
from gatebench.task import Metric

SHARE = 10
"""`view=best10` selects one trial of this many, rounded down, but at least one."""

CONDITIONAL = (
    "No test score was used for the selection. The scores, differences, p and intervals describe the selected trials: "
    "they do not contain the uncertainty of the selection."
)
"""The note on every selection."""


def best_share(trials: int) -> int:
    """Return the number of trials that are the best 10 % of this number of trials."""
    return max(1, trials // SHARE)


def selected_arms(arms: Sequence[Arm], view: View, metric: Metric) -> list[Arm]:
    """Return the arms with the trials that a view selects.

    A trial that diverged counts as worse than every other. Trials that did not end are not selected. Of equal scores,
    the one with the smaller number is better.

    Args:
        arms: the arms of one task.
        view: "all", "best10" or "best".
        metric: the headline metric of the task, by which the best epoch of a trial was chosen, too.

    Raises:
        UserError: a finished trial has no validation score.
    """
    if view == "all":
        return list(arms)
    chosen = [(_best_share if view == "best10" else _best_draw)(arm, metric) for arm in arms]
    if view == "best10":
        return chosen
    # A draw whose seed is its number has one trial. Then no other seed is expected of the arm.
    repeated = {seed for arm in chosen if len(arm.trials) > 1 for seed in arm.trials}
    return [replace(arm, seeds=tuple(sorted(repeated | set(arm.trials)))) for arm in chosen]


def _best_share(arm: Arm, metric: Metric) -> Arm:
    """Return the arm with its best 10 % of trials."""
    ended = _ended(arm)
    ranked = sorted(ended, key=lambda number: (-validation_value(ended[number], metric), number))
    kept = sorted(ranked[: best_share(len(ranked))])
    selection = Selection("best10", len(kept), len(ended), len(arm.trials) - len(ended))
    trials = {number: ended[number] for number in kept}
    return replace(arm, trials=trials, seeds=tuple(kept), selection=selection)


def _best_draw(arm: Arm, metric: Metric) -> Arm:
    """Return the arm with the trials of its best settings, by seed.

    Settings with a trial that did not end are only chosen if there are no others.
    """
    draws: dict[Settings, dict[int, Outcome]] = {}
    values = varied_values(list(arm.trials.values()), arm.varied)
    for trial, settings in zip(arm.trials.values(), values, strict=True):
        draws.setdefault(settings, {})[trial.seed] = trial
    complete = {settings: own for settings, own in draws.items() if all(one.has_result for one in own.values())}
    candidates = complete or draws
    most = max(len(own) for own in candidates.values())
    candidates = {settings: own for settings, own in candidates.items() if len(own) == most}
    best = max(candidates, key=lambda settings: _mean(candidates[settings].values(), metric))  # of equals the first
    selection = Selection("best", 1, len(draws), len(draws) - len(candidates), best)
    return replace(arm, trials=dict(sorted(draws[best].items())), varied=(), numbered=False, selection=selection)


def _ended(arm: Arm) -> dict[int, Outcome]:
    """Return the trials that ended with a result; all trials if there are none."""
    ended = {number: trial for number, trial in arm.trials.items() if trial.has_result}
    return ended or dict(arm.trials)


def _mean(trials: Iterable[Outcome], metric: Metric) -> float:
    return fmean(validation_value(trial, metric) for trial in trials)


def validation_value(trial: Outcome, metric: Metric) -> float:
    """Return the validation score of a trial, such that more is better; −∞ if it diverged or did not end."""
    name = f"best/val/{metric.name}"
    if trial.status != "finished":
        return -inf
    if name not in trial.metrics:
        raise UserError(
            f"The trial {trial.digest} of {one_line(trial.cell)} has no validation score {name}, so that no trial can "
            "be selected by it; use view=all."
        )
    score = trial.metrics[name]
    if not is_score(score):
        return -inf
    return score if metric.direction == "max" else -score


def selection_notes(arms: Sequence[Arm], metric: Metric) -> list[str]:
    """Return the notes on the selection of the trials: how they were selected, and how many. None without a selection.

    Args:
        arms: the arms of one task.
        metric: the headline metric of the task.
    """
    selections = {arm.label: arm.selection for arm in arms if arm.selection is not None}
    if not selections:
        return []
    views = {selection.view for selection in selections.values()}
    counts: dict[str, list[str]] = {}
    for label, one in selections.items():
        counts.setdefault(_count(one), []).append(one_line(label))
    everywhere = len(counts) == 1
    numbers = "; ".join(count if everywhere else f"{count} ({', '.join(own)})" for count, own in counts.items())
    name = one_line(metric.name.replace("_", " "))
    rule = (
        f"the {100 // SHARE} % of each cell's trials with the best validation score ({name}), at least one"
        if views == {"best10"}
        else f"the settings of each cell with the best mean validation score ({name}), with all their seeds"
    )
    return [f"Selected: {rule}: {numbers}. A trial that diverged counts as the worst. {CONDITIONAL}"]


def _count(selection: Selection) -> str:
    """Return the number of the selected trials or settings, e.g. "2 of 21 trials, without 3 that did not end"."""
    if selection.view == "best10":
        rest = f", without {selection.not_considered} that did not end" if selection.not_considered else ""
        return f"{selection.count} of {selection.total} trials{rest}"
    lacking = f", without {selection.not_considered} that lack trials" if selection.not_considered else ""
    return f"{selection.count} of {selection.total} settings{lacking}"


def chosen_note(arm: Arm) -> str | None:
    """Return a note on the settings of a row that were chosen; None if there was no choice."""
    if arm.selection is None or not arm.selection.chosen:
        return None
    return f"Chosen by validation: {one_line(settings_text(arm.selection.chosen))}."
