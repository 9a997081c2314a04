"""The trial of a study that `gates` and `export` take: by its digest, by its settings, or the best by validation."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.saved.best_trial import best_trial
from gatebench.saved.named_trial import trial_of_digest
from launch.config.compose import Plan
from launch.config.settings import TRIAL_KEYS
from launch.fitting_outcomes import fitting_outcomes
from launch.running.known_outcomes import known_study
from launch.running.missing_records import missing_study

MOST_LISTED = 12
"""The largest number of cells or tasks that a message names."""


@dataclass(frozen=True)
class ChosenTrial:
    """A trial of a study, and how it was chosen.

    Attributes:
        outcome: its outcome.
        among: the number of trials of which it is the best by validation; None if its digest or settings name it.
    """

    outcome: Outcome
    among: int | None = None

    @property
    def sentence(self) -> str:
        """A sentence about the choice; "" if the digest or the settings name the trial."""
        if self.among is None:
            return ""
        rest = f" among the {self.among} trials of the study that have these settings" if self.among > 1 else ""
        return f"The trial {self.outcome.digest} is the best by validation{rest}."


def recorded_trial(plan: Plan) -> ChosenTrial:
    """Return the trial of the plan's study that `chosen_trial` chooses, from the records and the spool.

    Raises:
        UserError: there are no records, no such study, or no such trial in it.
    """
    name = plan.settings.one_study
    outcomes = known_study(plan.settings, name).outcomes
    if not outcomes:
        raise missing_study(plan.settings, name)
    return chosen_trial(plan, outcomes)


def chosen_trial(plan: Plan, outcomes: Sequence[Outcome]) -> ChosenTrial:
    """Return a trial of a study.

    With `digest`, it is the trial whose digest begins with it. If the settings are those of one trial of the study, it
    is that trial. If they choose a cell or a task alone, it is the best trial of this cell and this task by its
    validation score. If they choose more, it is the best of the trials with these settings.

    Args:
        plan: the plan.
        outcomes: the outcomes of the study, oldest first. There is at least one.

    Raises:
        UserError: there is no such trial, there are several with this digest, none has finished with a validation
            score, or the trials are of several tasks.
    """
    settings, given = plan.settings, plan.keys & {*TRIAL_KEYS, "experiment"}
    if settings.digest is not None:
        return ChosenTrial(trial_of_digest(outcomes, settings.one_study, settings.digest))
    if not given - {"cell", "task"}:
        found = _of_cell_and_task(plan, outcomes, given)
    elif len(plan.trials) == 1 and any(one.digest == plan.trials[0].digest for one in outcomes):
        return ChosenTrial(trial_of_digest(outcomes, settings.one_study, plan.trials[0].digest))
    else:
        found = fitting_outcomes(plan, outcomes)
    if not found:
        cells, tasks = (
            ", ".join(list(dict.fromkeys(names))[:MOST_LISTED])
            for names in ([one.cell for one in outcomes], [one.task for one in outcomes])
        )
        raise UserError(
            f"The study {settings.one_study!r} has no trial with these settings; its cells are {cells}, and its tasks "
            f"{tasks}."
        )
    return ChosenTrial(best_trial(found), len(found))


def _of_cell_and_task(plan: Plan, outcomes: Sequence[Outcome], given: frozenset[str]) -> list[Outcome]:
    """Return the outcomes of the cell and the task that are given, with any other settings.

    A task of the plan's label counts before the same task with other parameters.
    """
    found = list(outcomes)
    if "task" in given:
        labels = {trial.build_task().label for trial in plan.trials}
        names = {label.partition("[")[0] for label in labels}
        own = [one for one in found if one.task in labels]
        found = own or [one for one in found if one.task.partition("[")[0] in names]
    if "cell" in given:
        cells = {trial.build_compared().digest for trial in plan.trials}
        found = [one for one in found if one.cell_digest in cells]
    return found
