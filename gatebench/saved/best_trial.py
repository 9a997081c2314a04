"""The trial of a study that is the best by validation."""

from collections.abc import Sequence

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.selection import validation_value


def best_trial(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the finished trial with the best validation score; of equal ones, the first. No test score is read.

    Args:
        outcomes: the outcomes of trials, at least one.

    Raises:
        UserError: no trial has finished, the trials have different tasks, or a trial has no validation score.
    """
    finished = [(one, one.metric) for one in outcomes if one.status == "finished" and one.metric is not None]
    if not finished:
        raise UserError(f"None of these {len(outcomes)} trials has finished, so that none of them is the best.")
    tasks = list(dict.fromkeys(one.task for one, _ in finished))
    if len(tasks) > 1:
        raise UserError(f"Trials of several tasks have no best one: {', '.join(tasks)}; choose one by task=.")
    return max(finished, key=lambda pair: validation_value(*pair))[0]
