"""The norm of ∂loss/∂h[t] over the lag T − t: how far back the loss of each cell depends on its hidden states."""

from collections.abc import Iterator
from math import isfinite

from gatebench.report.figures.bands import Band, BandAxes, band_text, bands_of, draw_bands
from gatebench.report.figures.style import Drawing, cell_styles
from gatebench.report.figures.task_trials import TaskTrials


def bands(trials: TaskTrials) -> dict[str, Band]:
    """Return the band of each cell whose gradient was measured. A norm of 0 is a gap, because the axis is logarithmic.

    Args:
        trials: the trials of the task, with their gate arrays.
    """
    return bands_of({cell: list(_curves(trials, cell)) for cell in trials.cells})


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task, with their gate arrays.

    Raises:
        NothingToDrawError: the gradient of no trial was measured.
    """
    found = bands(trials)
    if not found:
        raise trials.lacking("a measured gradient (in its file gates.npz)")
    labels = BandAxes("lag T − t (steps)", "‖∂loss/∂h[t]‖", whole_x=True, log_y=True)
    drawing = draw_bands(found, cell_styles(trials.cells, trials.colours), labels)
    drawing.caption(f"{trials.caption}\nline: median over the trials; {band_text(found)}")
    return drawing


def _curves(trials: TaskTrials, cell: str) -> Iterator[dict[float, float]]:
    for outcome in trials.outcomes[cell]:
        file = trials.gates.get(outcome.digest)
        if file is not None and file.lags is not None and file.gradient_norms is not None:
            pairs = zip(file.lags.tolist(), file.gradient_norms.tolist(), strict=True)
            yield {float(lag): norm for lag, norm in pairs if isfinite(norm) and norm > 0}
