"""Which trials of a study are there, and which are missing, in sentences."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from gatebench.outcome import Outcome
from gatebench.report.number_format import one_line
from gatebench.report.study_page.cut_lists import cut_list
from gatebench.study import Study


def newest_outcomes(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return one outcome for each trial, in the order in which the trials began: a result, else the newest outcome."""
    chosen: dict[str, Outcome] = {}
    for outcome in outcomes:
        earlier = chosen.setdefault(outcome.digest, outcome)
        if not earlier.has_result:
            chosen[outcome.digest] = outcome
    return list(chosen.values())


def counts_text(outcomes: Sequence[Outcome]) -> str:
    """Return the number of trials by the way in which they ended: "48 trials: 46 finished, 2 diverged"."""
    counts = Counter(outcome.status for outcome in outcomes)
    return f"{_trials(len(outcomes))}: {', '.join(f'{count:,} {status}' for status, count in counts.items())}"


def missing_parts(study: Study, outcomes: Sequence[Outcome], running: int = 0, planned: int = 0) -> list[str]:
    """Return a sentence for each way in which the study is not complete; none if it is complete.

    Args:
        study: the declaration of the study.
        outcomes: one outcome for each trial.
        running: the number of trials that run now.
        planned: the number of trials of the study's commands that have no outcome, with those that run.
    """
    unfinished = Counter(outcome.status for outcome in outcomes if not outcome.has_result)
    sentences = [f"{_trials(running)} {'runs' if running == 1 else 'run'} now."] if running else []
    if planned > running:
        sentences.append(f"{_trials(planned - running)} of the commands below {_has(planned - running)} not been run.")
    if unfinished:
        reasons = ", ".join(f"{count:,} {status}" for status, count in unfinished.items())
        sentences.append(f"{_trials(sum(unfinished.values()))} of {len(outcomes):,} did not end ({reasons}).")
    for task, by_cell in _results(outcomes).items():
        most = max(by_cell.values())
        fewer = [f"{one_line(cell)} {count:,} of {most:,}" for cell, count in by_cell.items() if count < most]
        if fewer:
            sentences.append(f"Fewer results on {one_line(task)} than other cells: {cut_list(fewer)}.")
    present = {outcome.cell_digest for outcome in outcomes} | {outcome.cell for outcome in outcomes}
    declared = {label: digest for label, digest in study.cell_digests.items() if label not in study.arms}
    absent = [one_line(label) for label, digest in declared.items() if not {label, digest} & present]
    if absent:
        sentences.append(f"No trial yet: {cut_list(absent)}.")
    return sentences


def _results(outcomes: Sequence[Outcome]) -> Mapping[str, Mapping[str, int]]:
    """Return {task: {cell: number of results}}, also for cells that have none on a task of the study."""
    cells = {outcome.cell_digest: outcome.cell for outcome in outcomes}
    tasks = dict.fromkeys(outcome.task for outcome in outcomes)
    counts = Counter((outcome.task, outcome.cell_digest) for outcome in outcomes if outcome.has_result)
    return {task: {cell: counts[task, digest] for digest, cell in cells.items()} for task in tasks}


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def _trials(number: int) -> str:
    return f"{number:,} trial{'' if number == 1 else 's'}"
