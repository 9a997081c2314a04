"""The simulated procedures against the procedures themselves, and their errors and power in small simulations."""

from itertools import product

import numpy as np
import pytest

from gatebench.measures import best_set
from gatebench.measures.best_set import best
from gatebench.measures.comparisons import ArmScores, compare
from gatebench.measures.sign_flip import sign_flip_p
from tests import arm_simulation as simulation
from tests.arm_simulation import Floats, holm, new_best, new_p, old_best, old_p, p_values, tables


def arms(table: Floats) -> dict[int, ArmScores]:
    return {arm: ArmScores(dict(enumerate(scores.tolist()))) for arm, scores in enumerate(table)}


def at_most(rate: float, count: int) -> float:
    """Return the largest simulated rate that three Monte-Carlo standard errors allow."""
    return rate + 3 * float(np.sqrt(rate * (1 - rate) / count))


@pytest.mark.parametrize("seeds", [3, 5, 8])
@pytest.mark.parametrize("spread", ["equal", "in turn"])
def test_p_is_that_of_compare(seeds: int, spread: str) -> None:
    batch = tables(5, 6, seeds, spread, "t3")
    p, corrected = p_values(batch, new_p), holm(p_values(batch, new_p))
    for index, table in enumerate(batch):
        results = list(compare(arms(table), 0, "max").values())
        assert [result.p for result in results] == pytest.approx(p[index])
        assert [result.p_corrected for result in results] == pytest.approx(corrected[index])


def test_p_of_many_seeds_is_close_to_that_of_compare() -> None:
    """Both sample the splits, but not the same ones."""
    batch = tables(5, 6, 20, "equal", "normal")
    p = p_values(batch, new_p)
    for index, table in enumerate(batch):
        assert [result.p for result in compare(arms(table), 0, "max").values()] == pytest.approx(p[index], abs=0.03)


def test_wrong_intervals_are_those_of_compare() -> None:
    """The batch has true differences of 0, 0, 2, 2, 4; intervals are checked one by one."""
    batch, differences = tables(150, 6, 5, "baseline less", "normal"), np.array([0.0, 0.0, 2.0, 2.0, 4.0])
    wrong = simulation.wrong_intervals(batch, differences)
    batch[:, 1:] += differences[:, None]
    expected = []
    for table in batch:
        results = compare(arms(table), 0, "max").values()
        found = [(result.difference, result.significant) for result in results]
        expected.append(
            not all(
                d.low < true < d.high if significant and true == 0 else d.low <= true <= d.high  # type: ignore[union-attr]
                for (d, significant), true in zip(found, differences, strict=True)
            )
        )
    assert wrong.any()
    assert wrong.tolist() == expected


def test_the_old_p_is_the_sign_flip_test() -> None:
    batch = tables(4, 3, 8, "equal", "normal")
    expected = [[sign_flip_p((table[arm] - table[0]).tolist()) for arm in (1, 2)] for table in batch]
    assert p_values(batch, old_p) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("seeds", [3, 5, 8])
def test_the_best_set_is_that_of_best(seeds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The critical values are simulated with other random numbers: an arm on the edge may differ."""
    monkeypatch.setattr(best_set, "TABLES", 4_999)
    monkeypatch.setattr(simulation, "BOOTSTRAPS", 4_999)
    batch = tables(40, 6, seeds, "in turn", "normal")
    batch[:, 1:] -= np.arange(5)[:, None]
    left_out = new_best(batch)
    expected = np.array([[arm not in best(arms(table), "max") for arm in range(6)] for table in batch])
    assert np.mean(left_out == expected) > 0.98
    assert expected.any() == (seeds > 3)


def test_the_old_best_set_by_hand() -> None:
    batch = np.array([[[1.0, 2.0, 3.0], [0.9, 1.9, 2.85], [0.0, 2.5, 2.0]]])
    assert old_best(batch).tolist() == [[False, True, False]]


@pytest.mark.parametrize(
    ("spread", "shape"),
    [*product(simulation.SPREADS, ("normal", "t3")), ("equal", "uniform"), ("equal", "fail")],
    ids=" ".join,
)
def test_the_family_wise_error_is_at_most_5_percent(spread: str, shape: str) -> None:
    batch = tables(1500, 6, 8, spread, shape, seed=1)
    errors = (holm(p_values(batch, new_p)) <= 0.05).any(axis=1)
    assert errors.mean() <= at_most(0.05, 1500)


def test_the_power_is_larger_than_that_of_the_old_test() -> None:
    """The case of issue 10: a difference of two standard deviations, n = 8, 5 comparisons."""
    batch = tables(1500, 6, 8, "equal", "normal", seed=1)
    batch[:, 1] += 2
    new, old = ((holm(p_values(batch, test))[:, 0] <= 0.05).mean() for test in (new_p, old_p))
    assert new > 0.75
    assert new > old + 0.2


@pytest.mark.parametrize(
    ("spread", "shape"), [("equal", "normal"), ("in turn", "normal"), ("baseline less", "t3"), ("equal", "uniform")]
)
def test_the_best_set_keeps_equal_arms_in_95_percent_of_tables(spread: str, shape: str) -> None:
    batch = tables(600, 9, 5, spread, shape, seed=1)
    assert new_best(batch).any(axis=1).mean() <= at_most(0.05, 600)
    assert old_best(batch).any(axis=1).mean() > 0.25


def test_the_best_set_leaves_out_what_is_worse() -> None:
    batch = tables(300, 6, 8, "equal", "normal", seed=1)
    batch[:, 3:] -= 2
    left_out = new_best(batch)
    assert left_out[:, :3].any(axis=1).mean() <= at_most(0.05, 300)
    assert left_out[:, 3:].mean() > 0.85


def test_the_batches_are_as_named() -> None:
    normal, heavy, fail = (tables(20_000, 2, 5, "baseline more", shape) for shape in ("normal", "t3", "fail"))
    assert normal.std(axis=(0, 2)) == pytest.approx([3, 1], rel=0.02)
    assert heavy.std(axis=(0, 2)) == pytest.approx([3, 1], rel=0.1)
    assert np.mean(np.abs(heavy[:, 1]) > 4) > 10 * np.mean(np.abs(normal[:, 1]) > 4)
    assert np.mean(fail[:, 1] < -1.5) == pytest.approx(0.2, abs=0.01)
    assert [spread(4).tolist() for spread in simulation.SPREADS.values()] == [
        [1, 1, 1, 1], [1, 3, 3, 3], [3, 1, 1, 1], [1, 3, 1, 3],
    ]  # fmt: skip
