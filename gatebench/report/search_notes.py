"""The notes on trials that are no random sample: those that a search drew near to good ones, or stopped early."""

from collections.abc import Sequence

from gatebench.report.arms import Arm
from gatebench.report.number_format import one_line
from gatebench.study import Study


def search_notes(arms: Sequence[Arm], study: Study) -> list[str]:
    """Return a note on the samplers that learn from earlier trials, and one on the trials that were stopped.

    Args:
        arms: the arms of a task.
        study: the declaration of the study.
    """
    notes = []
    if study.samplers:
        names = " and ".join(study.samplers)
        notes.append(
            f"Drawn by {names}, which learns from the validation scores of earlier trials: the trials of a cell are "
            "not independent, so intervals and p over all trials do not hold."
        )
    stopped = {arm.label: sum(trial.is_stopped for trial in arm.trials.values()) for arm in arms}
    counts = [f"{arm.label} {stopped[arm.label]} of {len(arm.trials)}" for arm in arms if stopped[arm.label]]
    if counts:
        notes.append(
            f"Stopped early by search.stop: {one_line(', '.join(counts))}. The score of a stopped trial is that of its "
            "best epoch."
        )
    return notes
