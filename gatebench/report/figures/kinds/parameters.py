"""The validation score against the number of parameters."""

from gatebench.report.figures.score_against import score_against
from gatebench.report.figures.style import Drawing
from gatebench.report.figures.task_trials import TaskTrials


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task.

    Raises:
        NothingToDrawError: no trial has a number of parameters.
    """
    return score_against(trials, {"parameters": "parameters"})
