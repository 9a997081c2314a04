"""Adaptive search: the draws of a batch depend on the validation scores of the batches before it.

Optuna (Akiba et al., 2019, "Optuna: A next-generation hyperparameter optimization framework") makes the draws:

tpe     the tree-structured Parzen estimator (Bergstra et al., 2011, "Algorithms for hyper-parameter optimization")
cmaes   the covariance matrix adaptation evolution strategy (Hansen, 2016, "The CMA evolution strategy: a tutorial")

The draws are asked for one after another, and the scores of a whole batch are told in the order of its draws. So the
draws are a function of the sampler, the distributions, the seed and the told scores. Neither the number of workers nor
the order in which trials end changes them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from gatebench.errors import UserError
from gatebench.search.distributions import Distribution, NumberRange
from gatebench.search.optuna_import import check_optuna
from gatebench.search.random_draws import uniform

if TYPE_CHECKING:
    import optuna

ADAPTIVE = ("tpe", "cmaes")
"""The names of the adaptive samplers in configs."""

STARTUP_DRAWS = 10
"""The number of first draws of the sampler tpe that are random. It is Optuna's default."""

FAILED = None
"""The score of a draw that has none because its trials failed. The sampler does not learn from it."""

_LEAST_NUMBERS = 2  # of keys with numbers: Optuna's CMA-ES needs as many dimensions


def check_adaptive(sampler: str, distributions: Mapping[str, Distribution]) -> None:
    """Check that a sampler can draw these keys.

    Args:
        sampler: an item of `ADAPTIVE`.
        distributions: {key: its distribution}.

    Raises:
        UserError: the sampler is cmaes, and fewer than two keys are drawn from intervals.
    """
    numbers = [key for key, one in distributions.items() if isinstance(one, NumberRange)]
    if sampler == "cmaes" and len(numbers) < _LEAST_NUMBERS:
        found = f"only {numbers[0]}" if numbers else "no key"
        raise UserError(
            f"search.sampler=cmaes needs at least two keys that are drawn from intervals, and {found} is; draw another "
            "key from an interval, or write search.sampler=tpe."
        )


class AdaptiveDraws:
    """The draws of one arm, in batches.

    Args:
        sampler: an item of `ADAPTIVE`.
        distributions: {key: its distribution}.
        seed: the seed of the search.
        direction: the direction of better scores.

    Raises:
        UserError: Optuna is not installed.
    """

    def __init__(
        self, sampler: str, distributions: Mapping[str, Distribution], seed: int, direction: Literal["max", "min"]
    ) -> None:
        check_optuna(f"search.sampler={sampler}")
        import optuna

        self._own = distributions
        self._theirs = {key: _optuna_distribution(one) for key, one in distributions.items()}
        self._worst = -math.inf if direction == "max" else math.inf
        own_seed = int(uniform(f"optuna {sampler}", seed, 0) * 2**32)
        self._study = optuna.create_study(
            sampler=_sampler(sampler, own_seed), direction="maximize" if direction == "max" else "minimize"
        )
        self._open: list[optuna.Trial] = []

    def ask(self, number: int) -> list[dict[str, Any]]:
        """Return the next draws: {key: value} for each. The draws before them in the batch are known to the sampler."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CMA-ES warns if a generation has hardly any variance left
            trials = [self._study.ask(self._theirs) for _ in range(number)]
        self._open += trials
        return [{key: self._value(key, trial.params[key]) for key in self._own} for trial in trials]

    def tell(self, scores: Sequence[float | None]) -> None:
        """Tell the scores of all draws that were asked for since the last call, in their order.

        A score that is not finite counts as the worst possible score: the training has diverged.

        Args:
            scores: the scores; `FAILED` for a draw that has none.
        """
        from optuna.trial import TrialState

        for trial, score in zip(self._open, scores, strict=True):
            if score is FAILED:
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._study.tell(trial, score if math.isfinite(score) else self._worst)
        self._open = []

    def _value(self, key: str, param: Any) -> Any:
        """Return the value of a key for Optuna's parameter: fractions are rounded, and a choice is taken by number."""
        distribution = self._own[key]
        if not isinstance(distribution, NumberRange):
            return distribution.values[param]
        return int(param) if distribution.whole else distribution.rounded(param)


def _sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    from optuna import samplers

    if name == "tpe":
        # With constant_liar, the open draws of a batch count as bad ones, so that the next draw is another one.
        return samplers.TPESampler(n_startup_trials=STARTUP_DRAWS, seed=seed, constant_liar=True)
    independent = samplers.RandomSampler(seed=seed)  # for choices
    return samplers.CmaEsSampler(seed=seed, independent_sampler=independent, warn_independent_sampling=False)


def _optuna_distribution(distribution: Distribution) -> optuna.distributions.BaseDistribution:
    """Return Optuna's distribution. A choice is drawn by its number, because Optuna allows no lists as values."""
    from optuna import distributions as theirs

    if not isinstance(distribution, NumberRange):
        return theirs.CategoricalDistribution(tuple(range(len(distribution.values))))
    if distribution.whole:
        return theirs.IntDistribution(int(distribution.low), int(distribution.high), log=distribution.log)
    return theirs.FloatDistribution(distribution.low, distribution.high, log=distribution.log)
