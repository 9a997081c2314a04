"""The trial of a study that a command takes: by its digest, by its settings, or the best one by validation."""

from collections.abc import Sequence

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.saved.best_trial import best_trial
from gatebench.saved.named_trial import trial_of_digest
from launch.config.compose import Plan
from launch.config.settings import TRIAL_KEYS
from launch.fitting_outcomes import fitting_outcomes

MOST_LISTED = 12
"""The largest number of cells or tasks that a message names."""


def chosen_trial(plan: Plan, outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of a trial.

    With `digest`, it is the trial whose digest begins with it. If the settings choose a cell or a task alone, it is the
    best trial of this cell and this task by its validation score. If they choose more, it is the best of the trials
    with these settings.

    Args:
        plan: the plan.
        outcomes: the outcomes of the study, oldest first. There is at least one.

    Raises:
        UserError: there is no such trial, there are several with this digest, none has finished with a validation
            score, or the trials are of several tasks.
    """
    settings, given = plan.settings, plan.keys & {*TRIAL_KEYS, "experiment"}
    if settings.digest is not None:
        return trial_of_digest(outcomes, settings.one_study, settings.digest)
    if given - {"cell", "task"}:
        found = fitting_outcomes(plan, outcomes)
    else:
        found = _of_cell_and_task(plan, outcomes, given)
    if not found:
        cells, tasks = (
            ", ".join(list(dict.fromkeys(names))[:MOST_LISTED])
            for names in ([one.cell for one in outcomes], [one.task for one in outcomes])
        )
        raise UserError(
            f"The study {settings.one_study!r} has no trial with these settings; its cells are {cells}, and its tasks "
            f"{tasks}."
        )
    return best_trial(found)


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
        cells = {trial.build_cell().digest for trial in plan.trials}
        found = [one for one in found if one.cell_digest in cells]
    return found
