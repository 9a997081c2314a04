"""Adaptive search: the draws of a batch depend on the validation scores of the batches before it.

Optuna (Akiba et al., 2019, "Optuna: A next-generation hyperparameter optimization framework") makes the draws:

tpe     the tree-structured Parzen estimator (Bergstra et al., 2011, "Algorithms for hyper-parameter optimization")
cmaes   the covariance matrix adaptation evolution strategy (Hansen, 2016, "The CMA evolution strategy: a tutorial")

The first draws are random: 10 of them with tpe, a batch with cmaes. Then cmaes starts in the middle of the intervals.

The draws are asked for one after another, and the losses of a whole batch are told in the order of its draws. So the
draws are a function of the sampler, the distributions, the seed and the told losses. Neither the number of workers nor
the order in which trials end changes them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
"""The loss of a draw that has none because its trials failed. The sampler does not learn from it."""

_LEAST_GENERATION = 4  # of CMA-ES, which keeps the better half
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
        batch: the number of draws of a batch. It is the size of a generation of the sampler cmaes.

    Raises:
        UserError: Optuna is not installed.
    """

    def __init__(self, sampler: str, distributions: Mapping[str, Distribution], seed: int, batch: int) -> None:
        check_optuna(f"search.sampler={sampler}")
        import optuna

        self._own = distributions
        self._theirs = {key: _optuna_distribution(one) for key, one in distributions.items()}
        own_seed = int(uniform(f"optuna {sampler}", seed, 0) * 2**32)
        self._study = optuna.create_study(sampler=_tpe(own_seed) if sampler == "tpe" else _cmaes(own_seed, batch))
        self._open: list[optuna.Trial] = []

    def ask(self, number: int) -> list[dict[str, Any]]:
        """Return the next draws: {key: value} for each. The draws before them in the batch are known to the sampler."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CMA-ES warns if a generation has hardly any variance left
            trials = [self._study.ask(self._theirs) for _ in range(number)]
        self._open += trials
        return [{key: self._value(key, trial.params[key]) for key in self._own} for trial in trials]

    def tell(self, losses: Sequence[float | None]) -> None:
        """Tell the losses of all draws that were asked for since the last call, in their order.

        A loss that is not finite counts as the largest possible loss: the training has diverged.

        Args:
            losses: a number for each draw, smaller is better; `FAILED` for a draw that has none.
        """
        from optuna.trial import TrialState

        for trial, loss in zip(self._open, losses, strict=True):
            if loss is FAILED:
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._study.tell(trial, loss if math.isfinite(loss) else math.inf)
        self._open = []

    def _value(self, key: str, param: Any) -> Any:
        """Return the value of a key for Optuna's parameter: fractions are rounded, and a choice is taken by number."""
        distribution = self._own[key]
        if not isinstance(distribution, NumberRange):
            return distribution.values[param]
        return int(param) if distribution.whole else distribution.rounded(param)


def _tpe(seed: int) -> optuna.samplers.BaseSampler:
    """Return the sampler tpe. Open draws of a batch count as bad ones, so that the next draw is another one."""
    from optuna.samplers import TPESampler

    return TPESampler(n_startup_trials=STARTUP_DRAWS, seed=seed, constant_liar=True)


def _cmaes(seed: int, batch: int) -> optuna.samplers.BaseSampler:
    """Return the sampler cmaes. Choices are drawn at random."""
    from optuna.samplers import CmaEsSampler, RandomSampler

    return CmaEsSampler(
        seed=seed,
        independent_sampler=RandomSampler(seed=seed),
        warn_independent_sampling=False,
        popsize=max(batch, _LEAST_GENERATION),
    )


def _optuna_distribution(distribution: Distribution) -> optuna.distributions.BaseDistribution:
    """Return Optuna's distribution. A choice is drawn by its number, because Optuna allows no lists as values."""
    from optuna import distributions as theirs

    if not isinstance(distribution, NumberRange):
        return theirs.CategoricalDistribution(tuple(range(len(distribution.values))))
    if distribution.whole:
        return theirs.IntDistribution(int(distribution.low), int(distribution.high), log=distribution.log)
    return theirs.FloatDistribution(distribution.low, distribution.high, log=distribution.log)
