"""The validation score against the mean of the gate that keeps, for each layer."""

from gatebench.report.figures.score_against import score_against
from gatebench.report.figures.style import Drawing
from gatebench.report.figures.task_trials import TaskTrials

MOST_LAYERS = 3
"""The largest number of layers in the figure."""


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task.

    Raises:
        NothingToDrawError: no cell has a gate that keeps.
    """
    layers = trials.keep_layers[:MOST_LAYERS]
    if not layers:
        raise trials.lacking("a gate that keeps")
    one = "mean of the gate that keeps"
    several = {f"keep/{layer}": f"{one}\nlayer {layer[1:]}" for layer in layers}
    return score_against(trials, several if len(layers) > 1 else {f"keep/{layers[0]}": one})
