"""Learning curves: the validation score over the epochs, as the median of each cell with a band over its trials."""

from math import isfinite

from gatebench.report.figures.bands import Band, BandAxes, band_text, bands_of, draw_bands
from gatebench.report.figures.style import Drawing, cell_styles
from gatebench.report.figures.task_trials import TaskTrials


def bands(trials: TaskTrials) -> dict[str, Band]:
    """Return the band of each cell that has a curve. An infinite score is a gap.

    Args:
        trials: the trials of the task, with the scores of their epochs.
    """
    curves = trials.curves.get(f"val/{trials.metric.name}", {})
    return bands_of(
        {
            cell: [
                {float(epoch): score for epoch, score in enumerate(curves[one.digest]) if isfinite(score)}
                for one in outcomes
                if curves.get(one.digest)
            ]
            for cell, outcomes in trials.outcomes.items()
        }
    )


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task, with the scores of their epochs.

    Raises:
        NothingToDrawError: no trial has a curve.
    """
    found = bands(trials)
    if not found:
        raise trials.lacking(f"the values of val/{trials.metric.name} in its epochs")
    labels = BandAxes("epoch", f"validation {trials.score_label}", whole_x=True)
    drawing = draw_bands(found, cell_styles(trials.cells, trials.colours), labels)
    line = "line: median over the trials that still train, at least half of them"
    drawing.caption(f"{trials.caption}\n{line}; {band_text(found)}")
    return drawing
