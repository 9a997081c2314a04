"""A search in batches: the trials of a batch depend on the outcomes of the earlier batches of their arm.

An arm is a point of the grid without the drawn keys and the seed: a cell, a task and the other given values. Its draws
are made in batches of `search.batch`. A batch is complete if each of its trials has ended and at least one of them has
a result. Then the sampler learns the losses of its draws, and `search.stop` compares later trials with its trials. Arms
do not wait for each other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import fmean
from typing import Any, NamedTuple

from gatebench.errors import UserError
from gatebench.search.adaptive import ADAPTIVE, FAILED
from gatebench.search.draw_source import Losses, draw_source
from gatebench.search.stopping import NO_STOP, StopScores, stop_scores
from gatebench.trial import Trial, add_digests
from launch.config.draws import DrawnAxes, fixed_draws
from launch.config.grid import Grid, Point
from launch.config.past_trials import PastTrials
from launch.config.search_settings import SearchSettings
from launch.config.settings import Settings

Solve = Callable[[Trial], Trial]
"""A function that returns a trial with an explicit hidden size."""

Begin = Callable[[Settings], tuple[PastTrials, Solve]]
"""A function that returns what the batches need besides the draws."""


class KnownTrial(NamedTuple):
    """A trial of a plan.

    Attributes:
        arm: the name of its arm; None without named arms.
        point: its point of the grid.
        trial: the trial, with an explicit hidden size and with a digest.
    """

    arm: str | None
    point: Point
    trial: Trial


@dataclass(frozen=True)
class KnownTrials:
    """The trials of a plan that are known from the outcomes so far.

    Attributes:
        trials: the trials.
        following: the number of trials that are not known yet.
        awaited: the digests of the open trials of the last batch of each arm that another batch follows, if there are
            some.
        frozen: the digests of the trials without a result in complete batches that another batch follows. They are not
            run again: a result would change the draws of the later batches.
    """

    trials: list[KnownTrial]
    following: int = 0
    awaited: tuple[frozenset[str], ...] = ()
    frozen: frozenset[str] = frozenset()


def has_batches(search: SearchSettings) -> bool:
    """Return whether the trials of a search depend on the outcomes of earlier ones."""
    return search.sampler in ADAPTIVE or search.stop != NO_STOP


def known_batches(
    grids: Sequence[tuple[str | None, Grid]], axes: DrawnAxes, search: SearchSettings, trials: int, begin: Begin
) -> KnownTrials:
    """Return the trials that are known.

    Args:
        grids: the grids, each with the name of its arm.
        axes: the overrides of the grids that follow the draws. They have no values yet.
        search: the settings of the search.
        trials: the number of draws of each arm.
        begin: a function that is called once, with the settings of the first point. It returns the earlier trials, and
            the function that makes a hidden size explicit.

    Raises:
        UserError: a value is out of range, Optuna is not installed, or the records do not have what is needed.
    """
    known: list[KnownTrial] = []
    following, frozen = 0, frozenset[str]()
    awaited: list[frozenset[str]] = []
    context: tuple[PastTrials, Solve] | None = None
    for name, grid in grids:
        for choices in grid.arms():
            arm = _Arm(name, _Draws(axes, search, trials), search)
            while arm.is_complete and (first := len(arm.draws)) < trials:
                draws = arm.ask(first, min(search.batch, trials - first))
                rows = [axes.add(first + k, draw) for k, draw in enumerate(draws)]
                batch = list(grid.points_of_arm(choices, rows))
                context = context or begin(batch[0][0].settings)
                arm.add(batch, *context)
            known += [trial for draw in arm.draws for trial in draw]
            following += (trials - len(arm.draws)) * len(arm.draws[0])
            frozen |= arm.frozen
            if arm.open and len(arm.draws) < trials:
                awaited.append(arm.open)
    return KnownTrials(known, following, tuple(awaited), frozen)


class _Arm:
    """The batches of one arm.

    Args:
        name: the name of the arm; None without named arms.
        source: the source of the draws.
        search: the settings of the search.

    Attributes:
        draws: the trials of each draw, one for each value of the seed.
        is_complete: whether all batches so far are complete.
        open: the digests of the trials that have not ended.
        frozen: as in `KnownTrials`.
    """

    def __init__(self, name: str | None, source: "_Draws", search: SearchSettings) -> None:
        self._name, self._source, self._search = name, source, search
        self._losses: list[float | None] = []
        self._without_result = frozenset[str]()
        self.draws: list[list[KnownTrial]] = []
        self.is_complete = True
        self.open = frozenset[str]()
        self.frozen = frozenset[str]()

    def ask(self, first: int, number: int) -> Sequence[Mapping[str, Any]]:
        """Return the draws of the next batch, which begins at the draw `first`. The batches before it are complete."""
        if self.draws:
            self._source.tell(self._losses)
        self.frozen |= self._without_result
        return self._source.ask(first, number)

    def add(self, batch: list[list[Point]], past: PastTrials, solve: Solve) -> None:
        """Add the points of the next batch."""
        draws = [[KnownTrial(self._name, point, solve(point.trial)) for point in draw] for draw in batch]
        if self._search.stop != NO_STOP:
            draws = self._with_stop(draws, past)
        trials = [known.trial for draw in draws for known in draw]
        add_digests(trials)
        self.draws += draws
        ends = {trial.digest: past.end(trial) for trial in trials}
        self.open = frozenset(digest for digest, end in ends.items() if end == "open")
        self.is_complete = not self.open and "result" in ends.values()
        self._without_result = frozenset(digest for digest, end in ends.items() if end == "none")
        self._losses = [_mean([past.loss(known.trial) for known in draw]) for draw in draws]

    def _with_stop(self, batch: list[list[KnownTrial]], past: PastTrials) -> list[list[KnownTrial]]:
        """Return the trials of the next batch with the scores that they must reach."""
        rule, task = self._search.stop, batch[0][0].trial.build_task()
        if task.is_stream:
            raise UserError(
                f"search.stop={rule} needs one validation score after each epoch, and {task.label} has one for each "
                f"of its experiences; set search.stop={NO_STOP}."
            )
        references = past.references(known.trial for draw in self.draws for known in draw)

        @lru_cache
        def scores(epochs: int) -> StopScores:
            return stop_scores(rule, references, self._search.stop_after, epochs, task.metrics[0].direction)

        def stopping(known: KnownTrial) -> KnownTrial:
            epochs = known.trial.training.max_epochs
            return known._replace(trial=replace(known.trial, stop_scores=scores(epochs)))

        return [[stopping(known) for known in draw] for draw in batch]


class _Draws:
    """The draws of one arm, from a sampler that learns or from one that does not."""

    def __init__(self, axes: DrawnAxes, search: SearchSettings, trials: int) -> None:
        self._axes, self._search, self._trials = axes, search, trials
        self._losses: Losses = ()

    def ask(self, first: int, number: int) -> Sequence[Mapping[str, Any]]:
        """Return the draws of a batch, which begins at the draw `first`."""
        search, distributions = self._search, self._axes.distributions
        if search.sampler in ADAPTIVE:
            source = draw_source(search.sampler, distributions, search.seed, search.batch)
            return source.draws(self._losses)[:number]
        return fixed_draws(search.sampler, distributions, search.seed, self._trials)[first : first + number]

    def tell(self, losses: Sequence[float | None]) -> None:
        """Tell the losses of the draws of the last batch."""
        self._losses = (*self._losses, tuple(losses))


def _mean(losses: Sequence[float | None]) -> float | None:
    """Return the mean loss of the trials of a draw that have a result; `FAILED` if none has one."""
    known = [loss for loss in losses if loss is not FAILED]
    return fmean(known) if known else FAILED
