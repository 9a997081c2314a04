"""The draws of an adaptive search by the losses before them. Batches that are known are not computed again.

A sweep makes its plan again whenever a batch has ended. Without this memory, it would replay all earlier batches of all
arms each time, which takes seconds if there are a thousand draws.
"""

from collections.abc import Mapping
from typing import Any

from gatebench.search.adaptive import AdaptiveDraws
from gatebench.search.distributions import Distribution

Losses = tuple[tuple[float | None, ...], ...]
"""The losses of the draws of each batch so far, see `AdaptiveDraws.tell`."""


class DrawSource:
    """The draws of an adaptive search.

    Args:
        sampler: the sampler, see `AdaptiveDraws`.
        distributions: {key: its distribution}.
        seed: the seed of the search.
        batch: the number of draws of a batch.
    """

    def __init__(self, sampler: str, distributions: Mapping[str, Distribution], seed: int, batch: int) -> None:
        self._sampler, self._distributions, self._seed, self._batch = sampler, distributions, seed, batch
        self._known: dict[Losses, list[dict[str, Any]]] = {}
        self._waiting: dict[Losses, AdaptiveDraws] = {}  # each waits for the losses of the batch after these

    def draws(self, losses: Losses) -> list[dict[str, Any]]:
        """Return the batch after those with these losses: {key: value} for each draw.

        Raises:
            UserError: Optuna is not installed.
        """
        if losses not in self._known:
            search = self._search_at(losses)
            self._known[losses] = search.ask(self._batch)
            self._waiting[losses] = search
        return self._known[losses]

    def _search_at(self, losses: Losses) -> AdaptiveDraws:
        """Return the search after it was told these losses."""
        if (search := self._waiting.pop(losses[:-1], None)) is not None and losses:
            search.tell(losses[-1])
            return search
        search = AdaptiveDraws(self._sampler, self._distributions, self._seed, self._batch)
        for told in losses:
            search.ask(self._batch)
            search.tell(told)
        return search


_SOURCES: dict[tuple[str, tuple[tuple[str, str], ...], int, int], DrawSource] = {}


def draw_source(sampler: str, distributions: Mapping[str, Distribution], seed: int, batch: int) -> DrawSource:
    """Return the source of the draws of a search. The same search has the same source in this process.

    Args:
        sampler: as in `DrawSource`.
        distributions: as in `DrawSource`.
        seed: as in `DrawSource`.
        batch: as in `DrawSource`.
    """
    texts = tuple((key, str(distribution)) for key, distribution in distributions.items())
    key = (sampler, texts, seed, batch)
    if key not in _SOURCES:
        _SOURCES[key] = DrawSource(sampler, distributions, seed, batch)
    return _SOURCES[key]
