"""The trials of a study that did not finish, with their reasons. Equal reasons are one row."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatebench.outcome import Outcome
from gatebench.report.arms import is_score
from gatebench.report.number_format import one_line
from gatebench.report.study_page.cut_lists import cut_list


@dataclass(frozen=True)
class Failure:
    """Trials of one cell on one task that ended in the same way.

    Attributes:
        cell: the label of the cell.
        task: the label of the task.
        status: how they ended.
        reason: the message of the trials.
        seeds: their seeds, as a text.
        digests: the beginnings of their digests, as a text.
    """

    cell: str
    task: str
    status: str
    reason: str
    seeds: str
    digests: str


def failures(outcomes: Sequence[Outcome]) -> list[Failure]:
    """Return the trials without a usable score, grouped by cell, task, status and reason.

    Args:
        outcomes: one outcome for each trial.
    """
    groups: dict[tuple[str, str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        status, reason = _end(outcome)
        if status:
            groups.setdefault((outcome.cell, outcome.task, status, reason), []).append(outcome)
    return [
        Failure(
            cell=one_line(cell),
            task=one_line(task),
            status=one_line(status),
            reason=one_line(reason),
            seeds=cut_list([str(seed) for seed in sorted({one.seed for one in own})]),
            digests=cut_list([one.digest[:8] for one in own]),
        )
        for (cell, task, status, reason), own in groups.items()
    ]


def _end(outcome: Outcome) -> tuple[str, str]:
    """Return the status and the reason of a trial without a usable score; two empty texts for all others."""
    if outcome.status != "finished":
        return outcome.status, outcome.sentence or "no message"
    score = None if outcome.metric is None else f"test/{outcome.metric.name}"
    if score is None:
        return "", ""
    if score not in outcome.metrics:
        return "without a score", f"it has no {score}"
    value = outcome.metrics[score]
    return ("", "") if is_score(value) else ("without a score", f"{score} is {value}")
