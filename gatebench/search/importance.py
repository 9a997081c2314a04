"""The importance of drawn settings by functional ANOVA (Hutter, Hoos & Leyton-Brown, 2014).

A random forest predicts the score from the settings. The share of a setting is the part of the variance of these
predictions over the whole search space that the setting explains alone (Greff et al. 2017, Figure 4). The rest are
interactions of several settings. Optuna's `FanovaImportanceEvaluator` computes the shares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gatebench.search.distributions import NumberRange
from gatebench.search.optuna_import import check_optuna

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_SEED = 0  # of the forest


def variance_shares(
    distributions: Mapping[str, str], trials: Sequence[Mapping[str, str]], scores: Sequence[float]
) -> dict[str, float]:
    """Return {key: share of the variance of the score, from 0 to 1}. The sum is at most 1.

    Intervals count with their scale: on a logarithmic one, each decade has the same weight.

    Args:
        distributions: {key: text of its distribution} of the drawn settings.
        trials: {key: text of its value} of the settings of each trial.
        scores: the score of each trial.

    Returns:
        The shares of the keys that every trial has. Empty if no setting has two values, or all scores are equal.

    Raises:
        UserError: Optuna is not installed.
    """
    check_optuna("kind=importance")
    from optuna import create_study, create_trial
    from optuna.importance import FanovaImportanceEvaluator

    keys = [key for key in distributions if all(key in trial for trial in trials)]
    columns = {key: _column(distributions[key], [trial[key] for trial in trials]) for key in keys}
    varied = {key: column for key, column in columns.items() if len(set(column[1])) > 1}
    if not varied or len(set(scores)) < 2:
        return {}
    study = create_study()
    spaces = {key: space for key, (space, _) in varied.items()}
    for number, score in enumerate(scores):
        params = {key: values[number] for key, (_, values) in varied.items()}
        study.add_trial(create_trial(params=params, distributions=spaces, value=score))
    shares = FanovaImportanceEvaluator(seed=_SEED).evaluate(study)
    return {key: min(max(float(shares.get(key, 0.0)), 0.0), 1.0) for key in keys}


def _column(distribution: str, texts: Sequence[str]) -> tuple[BaseDistribution, list[Any]]:
    """Return Optuna's distribution of a key, and its value in each trial.

    A range contains all values: a key keeps its value in the config if its condition is false, and the study may have
    been continued with other bounds.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    bounds = NumberRange.of(distribution)
    numbers = None if bounds is None else _numbers(texts)
    if bounds is None or numbers is None:
        return CategoricalDistribution(tuple(sorted(set(texts)))), list(texts)
    ends = [bounds.low, bounds.high]
    if bounds.log and min(numbers) > 0:
        numbers, ends = [list(map(math.log10, some)) for some in (numbers, ends)]
    return FloatDistribution(min(*ends, *numbers), max(*ends, *numbers)), numbers


def _numbers(texts: Sequence[str]) -> list[float] | None:
    """Return texts as numbers; None if one of them is no finite number."""
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None
