"""The memory of an adaptive search: the draws are those of a search that is replayed from its beginning."""

from typing import Any

import pytest

from gatebench.search.adaptive import AdaptiveDraws
from gatebench.search.distributions import Distribution, NumberRange
from gatebench.search.draw_source import DrawSource, Losses, draw_source

SPACE: dict[str, Distribution] = {"a": NumberRange(0, 1), "b": NumberRange(0, 1)}
FIRST, SECOND, THIRD = (0.1, 0.2, 0.3), (0.3, None, 0.1), (0.5, float("inf"), 0.5)


def replayed(sampler: str, losses: Losses) -> list[dict[str, Any]]:
    search = AdaptiveDraws(sampler, SPACE, 0, 3)
    for told in losses:
        search.ask(3)
        search.tell(told)
    return search.ask(3)


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_the_draws_are_those_of_a_replay_in_any_order(sampler: str) -> None:
    source = DrawSource(sampler, SPACE, 0, 3)
    histories: list[Losses] = [
        (),
        (FIRST,),
        (FIRST, SECOND),
        (SECOND,),  # of another arm
        (FIRST, SECOND, THIRD),
        (SECOND, FIRST, THIRD),
        (FIRST,),
    ]
    for losses in histories:
        assert source.draws(losses) == replayed(sampler, losses)


def test_a_known_batch_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    source = DrawSource("tpe", SPACE, 0, 3)
    known = [source.draws(losses) for losses in ((), (FIRST,))]
    monkeypatch.setattr(AdaptiveDraws, "ask", None)
    assert [source.draws(losses) for losses in ((), (FIRST,))] == known


def test_the_same_search_has_the_same_source() -> None:
    assert draw_source("tpe", SPACE, 0, 3) is draw_source("tpe", dict(SPACE), 0, 3)
    assert draw_source("tpe", SPACE, 0, 3) is not draw_source("tpe", SPACE, 1, 3)
    assert draw_source("tpe", SPACE, 0, 3) is not draw_source("tpe", {"a": SPACE["a"]}, 0, 3)
