"""The figures of a study in its report: some of the kinds in `gatebench.report.figures.kinds`, for each task."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from gatebench.outcome import Outcome
from gatebench.report.figures.kinds import KINDS, draw
from gatebench.report.figures.task_trials import Curves, NothingToDrawError, trials_by_task

IN_REPORT = ("scores", "curves", "parameters", "keep", "coordinates")
"""The kinds of figures in a report. They need no files of the runs, and little time."""


def study_figures(
    outcomes: Sequence[Outcome], order: Iterable[str], colours: Mapping[str, str], curves: Curves
) -> dict[str, bytes]:
    """Return the figures of a study's report as SVG: {"digits: scores": b"<?xml …"}. One without data is left out.

    Args:
        outcomes: the outcomes of the study.
        order: the labels of the cells that come first.
        colours: {label of a cell: colour}.
        curves: the validation scores of the trials in each epoch.
    """
    figures: dict[str, bytes] = {}
    for trials in trials_by_task(outcomes, order, colours, curves):
        for name in IN_REPORT:
            with suppress(NothingToDrawError):
                figures[f"{trials.task}: {name}"] = draw(KINDS[name], trials, ["svg"])["svg"]
    return figures
