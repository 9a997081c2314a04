"""The figures of a study in its report, for each task."""

from collections.abc import Iterable

from gatebench.report.figures.kinds import KINDS, Kind, draw
from gatebench.report.figures.task_trials import NothingToDrawError, TaskTrials

IN_SWEEP = tuple(KINDS[name] for name in ("scores", "curves", "parameters", "keep", "coordinates"))
"""The kinds of figures that a sweep draws at its end. They need no files of the runs, and little time."""


def study_figures(tasks: Iterable[TaskTrials], kinds: Iterable[Kind]) -> tuple[dict[str, bytes], list[str]]:
    """Return the figures of a study as SVG, and a sentence for each one that lacks its data.

    Args:
        tasks: the trials of each task.
        kinds: the kinds of the figures.

    Returns:
        {title: picture}, for example {"digits: scores": b"<?xml …"}, and the sentences.
    """
    figures: dict[str, bytes] = {}
    missing: list[str] = []
    chosen = list(kinds)
    for trials in tasks:
        for kind in chosen:
            try:
                figures[f"{trials.task}: {kind.name}"] = draw(kind, trials, ["svg"])["svg"]
            except NothingToDrawError as error:
                missing.append(f"There is no figure {kind.name!r}: {error}")
    return figures, missing
