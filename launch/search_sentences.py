"""The sentences about a search in batches: the trials that are not known yet, and those that are not run again."""

from collections.abc import Iterable

from gatebench.outcome import Outcome
from gatebench.search.adaptive import ADAPTIVE
from launch.config.compose import Plan


def following_sentence(plan: Plan) -> str:
    """Return how many trials follow, and on what they depend."""
    search, is_one = plan.settings.search, plan.following == 1
    trials = "1 further trial follows" if is_one else f"{plan.following:,} further trials follow"
    draws = "1 draw" if search.batch == 1 else f"{search.batch} draws"
    if search.sampler in ADAPTIVE:
        settings = "its settings" if is_one else "their settings"
        reason = f"search.sampler={search.sampler} draws {settings} from the validation scores of earlier trials"
    else:
        reason = f"search.stop={search.stop} compares {'it' if is_one else 'them'} with earlier trials"
    return f"{trials}: {reason}, in batches of {draws} an arm."


def missing_sentence(plan: Plan) -> str:
    """Return why trials do not follow although all known trials have ended."""
    trials = "1 further trial is" if plan.following == 1 else f"{plan.following:,} further trials are"
    return (
        f"{trials} not drawn, because no trial of the last batch of an arm has a result; the same command runs the "
        "failed trials again."
    )


def frozen_sentence(plan: Plan) -> str:
    """Return how many trials without a result are not run again."""
    count = len(plan.frozen)
    trials = "1 trial without a result is" if count == 1 else f"{count:,} trials without a result are"
    return (
        f"{trials} not run again, because later trials depend on the outcomes so far; force=true runs all trials again."
    )


def stopped_sentence(outcomes: Iterable[Outcome]) -> str | None:
    """Return how many trials were stopped early; None if none was.

    Args:
        outcomes: the outcomes of the trials.
    """
    count = len({outcome.digest for outcome in outcomes if outcome.is_stopped})
    if not count:
        return None
    return f"{count:,} trial{' was' if count == 1 else 's were'} stopped early by search.stop."
