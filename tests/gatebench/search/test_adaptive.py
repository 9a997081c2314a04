"""Adaptive draws: they are a function of the seed and the told losses, and a batch that is cut short is its prefix."""

import math
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.search.adaptive import FAILED, AdaptiveDraws, check_adaptive
from gatebench.search.distributions import Distribution, DrawnChoice, NumberRange

SPACE: dict[str, Distribution] = {
    "rate": NumberRange(1e-5, 1e-1, log=True),
    "size": NumberRange(4, 64, whole=True),
    "optimizer": DrawnChoice(("adam", ["a", "list"]), "tag(draw, choice(adam, [a, list]))"),
}


def loss(draw: dict[str, Any]) -> float:
    """A loss that is least at a rate of 0.001 and a size of 40."""
    return float((math.log10(draw["rate"]) + 3) ** 2 + ((draw["size"] - 40) / 20) ** 2)


def search(sampler: str, batches: int, *, seed: int = 0) -> list[dict[str, Any]]:
    draws = AdaptiveDraws(sampler, SPACE, seed, 8)
    found = []
    for _ in range(batches):
        batch = draws.ask(8)
        found += batch
        draws.tell([loss(one) for one in batch])
    return found


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_the_draws_follow_from_the_losses_and_come_near_to_the_optimum(sampler: str) -> None:
    found = search(sampler, 6)
    assert found == search(sampler, 6)
    assert found != search(sampler, 6, seed=1)
    early, late = (sorted(map(loss, some))[len(some) // 2] for some in (found[:8], found[-16:]))
    assert late < early / 2
    for draw in found:
        assert 1e-5 <= draw["rate"] <= 1e-1
        assert draw["rate"] == float(f"{draw['rate']:.6g}")
        assert draw["size"] in range(4, 65)
        assert draw["optimizer"] in ("adam", ["a", "list"])


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_shorter_batch_is_the_beginning_of_a_longer_one(sampler: str) -> None:
    first, second = (AdaptiveDraws(sampler, SPACE, 0, 8) for _ in range(2))
    for draws in (first, second):
        batch = draws.ask(12)
        draws.tell([loss(one) for one in batch])
    assert first.ask(3) == second.ask(6)[:3]


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_draws_that_failed_or_diverged_are_told(sampler: str) -> None:
    def after(told: float | None) -> list[dict[str, Any]]:
        draws = AdaptiveDraws(sampler, SPACE, 0, 8)
        for _ in range(2):
            batch = draws.ask(8)
            draws.tell([told if one["size"] > 30 else loss(one) for one in batch])
        return draws.ask(4)

    diverged = after(math.nan)
    assert diverged == after(math.inf)
    assert diverged != after(FAILED)
    assert diverged != after(0.0)


def test_cmaes_needs_two_intervals() -> None:
    check_adaptive("cmaes", SPACE)
    check_adaptive("tpe", {"optimizer": SPACE["optimizer"]})
    with pytest.raises(UserError, match=r"at least two keys .* and no key is; .*search\.sampler=tpe"):
        check_adaptive("cmaes", {"optimizer": SPACE["optimizer"]})
    with pytest.raises(UserError, match="and only rate is"):
        check_adaptive("cmaes", {"rate": SPACE["rate"]})
