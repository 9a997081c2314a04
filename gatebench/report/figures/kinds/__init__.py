"""The kinds of figures of a study. Each is a module with a function `figure`, which draws the trials of one task.

The functions of a module that compute what is drawn return plain data, so they are tested without pixels. matplotlib
is imported with the module of a kind, when the first figure is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from gatebench.report.figures.task_trials import TaskTrials

Need = Literal["scores of epochs", "gates of epochs", "gate arrays", "drawn settings"]
"""The data that a kind needs besides the final metrics of the trials."""


@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Attributes:
        name: its name, which is also that of its module.
        description: one line about it.
        caption: the sentences below the figure in a report.
        needs: the data that it needs besides the final metrics of the trials.
    """

    name: str
    description: str
    caption: str = ""
    needs: Need | None = None


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "scores",
            "the validation and the test score of each trial, and the mean of each cell",
            "Each mark is a trial, and each line the mean of a cell.",
        ),
        Kind(
            "boxes",
            "box plots of the test scores: all trials, and the best 10 % by validation (Greff et al. 2017, Figure 3)",
        ),
        Kind(
            "curves",
            "the validation score over the epochs: the median of each cell, with a band over its trials",
            "The validation score over the epochs: the median over the seeds, and a band over them.",
            "scores of epochs",
        ),
        Kind(
            "parameters",
            "the validation score against the number of parameters",
            "The validation score against the number of parameters. Each small mark is a trial, each large one the "
            "median of a cell.",
        ),
        Kind("seconds", "the validation score against the wall time of the trial"),
        Kind(
            "keep",
            "the validation score against the mean of the gate that keeps",
            "The validation score against the mean of the gate that keeps, at the best epoch. Each small mark is a "
            "trial, each large one the median of a cell.",
        ),
        Kind(
            "settings", "the validation score against the learning rate, the hidden size and other settings that differ"
        ),
        Kind(
            "importance",
            "the share of the variance of the validation score of each drawn setting (Greff et al. 2017, Figure 4)",
            "The share of the variance of the validation score that each drawn setting explains alone, by functional "
            "ANOVA. The rest are interactions of several settings.",
            "drawn settings",
        ),
        Kind(
            "saturation",
            "how often each unit of a gate is near 0 and near 1: one point a unit (Karpathy et al. 2015)",
            needs="gate arrays",
        ),
        Kind("histograms", "the histogram of each gate over all units, steps and trials", needs="gate arrays"),
        Kind("timescales", "the timescales of the units of gates that keep", needs="gate arrays"),
        Kind("gradient", "the norm of ∂loss/∂h[t] over the lag T − t, for all cells", needs="gate arrays"),
        Kind("gates", "heat map of the means of the gates over the epochs", needs="gates of epochs"),
        Kind(
            "coordinates",
            "parallel coordinates: size, cost, gates, time and score of each trial",
            "Each line is a trial, and each vertical axis a metric.",
        ),
    )
}
"""The kinds by name."""


def draw(kind: Kind, trials: TaskTrials, formats: Sequence[str]) -> dict[str, bytes]:
    """Return a figure of a task in some formats: {"svg": b"<?xml …"}. The same trials give the same bytes.

    Args:
        kind: the kind of the figure.
        trials: the trials of the task.
        formats: items of `gatebench.report.figures.style.FORMATS`.

    Raises:
        NothingToDrawError: the trials do not have the data of the figure.
    """
    from gatebench.report.figures.style import figure_settings  # imports matplotlib, which takes a second

    with figure_settings():
        rendered: dict[str, bytes] = import_module(f"{__name__}.{kind.name}").figure(trials).render(formats)
    return rendered
