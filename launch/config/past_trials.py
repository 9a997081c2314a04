"""The earlier trials of a study, as far as the batches of a search depend on them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.search.adaptive import FAILED
from gatebench.search.stopping import Reference
from gatebench.task import Metric
from gatebench.trial import Trial
from launch.config.settings import Settings

Curves = Mapping[str, Sequence[float]]
"""{digest of a trial: the value of a metric in each epoch}"""

End = Literal["result", "none", "open"]
"""How a trial ended: with a result, without one because it failed or was refused, or not yet."""


@dataclass(frozen=True)
class PastTrials:
    """The earlier trials of a study.

    Attributes:
        outcomes: {digest: outcome} of the trials that have ended. A result counts more than a failure.
        curves: the function that returns the values of a metric in each epoch of the trials with a result.
    """

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    curves: Callable[[str], Curves] = lambda _: {}

    @classmethod
    def of(cls, outcomes: Iterable[Outcome], curves: Callable[[str], Curves]) -> "PastTrials":
        """Return the trials of some outcomes, oldest first. Those that were interrupted or lost have not ended."""
        ended: dict[str, Outcome] = {}
        for outcome in outcomes:
            if outcome.status not in ("interrupted", "lost") and not _has_result(ended.get(outcome.digest)):
                ended[outcome.digest] = outcome
        return cls(ended, curves)

    def end(self, trial: Trial) -> End:
        """Return how a trial ended."""
        if (outcome := self.outcomes.get(trial.digest)) is None:
            return "open"
        return "result" if outcome.has_result else "none"

    def loss(self, trial: Trial) -> float | None:
        """Return the validation score of a trial at its best epoch, with the sign that makes smaller values better.

        It is infinite if the trial has diverged, and `FAILED` if it has no result. Test scores are never read.
        """
        outcome = self.outcomes.get(trial.digest)
        if not _has_result(outcome) or outcome is None:
            return FAILED
        if outcome.status == "diverged":
            return float("inf")
        metric = _metric(trial)
        score = outcome.metrics.get(f"best/val/{metric.name}", float("nan"))
        return -score if metric.direction == "max" else score

    def references(self, trials: Iterable[Trial]) -> list[Reference]:
        """Return the validation scores of those trials that have finished, each trial once.

        Raises:
            UserError: the records do not have the scores of all epochs of a trial.
        """
        found = []
        for trial in {trial.digest: trial for trial in trials}.values():
            outcome = self.outcomes.get(trial.digest)
            if outcome is None or outcome.status != "finished":
                continue
            scores = self.curves(f"val/{_metric(trial).name}").get(trial.digest, ())
            if len(scores) != (epochs := int(outcome.metrics.get("epochs", 0))):
                raise UserError(
                    f"search.stop needs the validation scores of all {epochs} epochs of the trial {trial.digest}, and "
                    f"the records have {len(scores)}; run the sweep again with force=true, or set search.stop=none."
                )
            found.append(Reference(scores, outcome.is_stopped))
        return found


ReadPast = Callable[[Settings], PastTrials]
"""A function that reads the earlier trials of the study that some settings name."""


def no_past(settings: Settings) -> PastTrials:
    """Return no earlier trials."""
    del settings
    return PastTrials()


def _metric(trial: Trial) -> Metric:
    return trial.build_task().metrics[0]


def _has_result(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.has_result
