"""The stop of a trial that is worse than earlier ones, by the scores in `Trial.stop_scores`."""

from gatebench.outcome import STOPPED_AFTER
from gatebench.search.stopping import stop_epoch
from gatebench.task import Metric
from gatebench.training.epochs import History
from gatebench.trial import Trial


def is_stopped(history: History, metric: Metric, trial: Trial) -> bool:
    """Return whether a trial stops after its last epoch.

    Args:
        history: the epochs of the trial so far.
        metric: the metric of the validation split.
        trial: the trial.
    """
    scores = [epoch[f"val/{metric.name}"] for epoch in history]
    return stop_epoch(scores, trial.stop_scores, metric.direction) is not None


def stop_facts(history: History, metric: Metric, trial: Trial) -> dict[str, str]:
    """Return {"stopped_after_epoch": number of the last epoch} of a stopped trial; nothing for others."""
    return {STOPPED_AFTER: str(len(history))} if is_stopped(history, metric, trial) else {}
