"""The recorded trials that have the given settings of a plan."""

from collections.abc import Iterable, Mapping

from gatebench.outcome import Outcome
from launch.config.compose import Plan


def fitting_outcomes(plan: Plan, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes of the plan's trials; without any, the outcomes that have the given settings of one of them.

    A study of drawn settings contains no trial with the settings of the config. Then `cell=lstm` finds all its trials
    of this cell. An experiment has settings of its own, so it only has its own trials.

    Args:
        plan: the plan.
        outcomes: the outcomes of a study.
    """
    outcomes = list(outcomes)
    digests = {trial.digest for trial in plan.trials}
    if planned := [one for one in outcomes if one.digest in digests]:
        return planned
    if "experiment" in plan.keys:
        return []
    sections = {key.partition(".")[0] for key in plan.given}
    keys = sorted(key for key in plan.given if "." in key and key.partition(".")[0] in {"model", "training"})

    def facts(cell: str, task: str, seed: int, settings: Mapping[str, str]) -> tuple[object, ...]:
        chosen = [cell if "cell" in sections else "", task if "task" in sections else ""]
        return (*chosen, seed if "seed" in sections else 0, *(settings.get(key) for key in keys))

    wanted = {
        facts(trial.build_compared().digest, trial.build_task().label, trial.seed, trial.flat_settings())
        for trial in plan.trials
    }
    return [one for one in outcomes if facts(one.cell_digest, one.task, one.seed, one.settings) in wanted]
