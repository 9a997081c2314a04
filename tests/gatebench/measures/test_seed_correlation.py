from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pytest

from gatebench.measures.arm_scores import ArmScores
from gatebench.measures.seed_correlation import correlations, seed_correlation
from tests.gatebench.measures.test_comparisons import normal_arms, with_seed_effect


def pair_by_pair(arms: Mapping[str, ArmScores]) -> float | None:
    """Return the correlation as its definition has it, with `np.corrcoef` of each pair."""
    found = []
    for first, second in combinations(arms.values(), 2):
        seeds = sorted(first.scores.keys() & second.scores.keys())
        values = np.array([[arm.scores[seed] for seed in seeds] for arm in (first, second)])
        if len(seeds) >= 3 and min(np.ptp(values, axis=1).min(), np.std(values, axis=1).min()) > 0:
            found.append(float(np.corrcoef(values)[0, 1]))
    return round(float(np.mean(found)), 12) if found else None


def test_the_correlation_of_seeds() -> None:
    assert seed_correlation(with_seed_effect(8, a=0, b=1, c=2)) == pytest.approx(1.0, abs=0.001)
    assert seed_correlation(normal_arms(300, a=0, b=1)) == pytest.approx(0.0, abs=0.2)
    a, b, c = {0: 1.0, 1: 2.0, 2: 3.0}, {0: 1.0, 1: 3.0, 2: 2.0}, {0: 3.0, 1: 2.0, 2: 1.0, 3: 9.0}
    assert seed_correlation({"a": ArmScores(a), "b": ArmScores(b), "c": ArmScores(c)}) == pytest.approx(-1 / 3)
    assert seed_correlation({"a": ArmScores({0: 1.0, 1: 2.0}), "b": ArmScores({0: 2.0, 1: 3.0})}) is None
    assert seed_correlation({"a": ArmScores(a), "b": ArmScores(dict.fromkeys(range(3), 0.1))}) is None


@pytest.mark.parametrize("number", range(20))
def test_it_is_that_of_each_pair_to_the_last_bit(number: int) -> None:
    rng = np.random.default_rng(number)
    arms = {}
    for name in map(str, range(rng.integers(2, 12))):
        seeds = rng.choice(50, rng.integers(1, 50), replace=False).tolist() if number % 2 else range(2 * number + 1)
        values = rng.choice([0.1, 0.2, 0.7], len(seeds)) if rng.random() < 0.2 else rng.normal(0.8, 0.1, len(seeds))
        arms[name] = ArmScores(dict(zip(seeds, values.tolist(), strict=True)))
    assert seed_correlation(arms) == pair_by_pair(arms)


@pytest.mark.parametrize("count", [3, 5, 8, 17, 40, 200])
def test_correlations_are_those_of_numpy_to_the_last_bit(count: int) -> None:
    rng = np.random.default_rng(count)
    pairs = rng.normal(0.8, 0.1, (300, 2, count)) * 10.0 ** rng.integers(-8, 8, (300, 1, 1))
    assert correlations(pairs).tolist() == [np.corrcoef(pair)[0, 1] for pair in pairs]
