"""Comparisons with a baseline: what is compared, what is told apart, and that the interval tells the story of p."""

import numpy as np
import pytest

from gatebench.errors import UserError
from gatebench.measures.comparisons import ArmScores, Comparison, compare, unpaired_p
from gatebench.measures.permutation import permutation_p, smallest_p
from gatebench.measures.sign_flip import sign_flip_p, smallest_sign_flip_p
from gatebench.measures.welch import welch_p


def normal_arms(n: int, *, spread: float = 1.0, seed: int = 11, **shifts: float) -> dict[str, ArmScores]:
    """Return independent arms with the given means."""
    rng = np.random.default_rng(seed)
    return {name: ArmScores(dict(enumerate(rng.normal(mean, spread, n).tolist()))) for name, mean in shifts.items()}


def with_seed_effect(n: int, **shifts: float) -> dict[str, ArmScores]:
    """Return arms that share a large effect of the seed, each shifted and with a little noise of its own."""
    rng = np.random.default_rng(11)
    effect = rng.normal(0, 1, n)
    return {
        name: ArmScores(dict(enumerate((effect + mean + rng.normal(0, 0.01, n)).tolist())))
        for name, mean in shifts.items()
    }


def test_p_is_the_larger_of_the_two_tests() -> None:
    arms = normal_arms(8, base=0, other=1)
    arm, base = arms["other"].values(), arms["base"].values()
    expected = max(permutation_p(arm, base), welch_p(arm, base) or 0.0)
    assert compare(arms, "base", "max")["other"].p == unpaired_p(arm, base) == expected
    outlier = [0.0, 0.1, -0.1, 0.05, 9.0], [0.2, 0.21, 0.22, 0.23, 0.24]
    assert unpaired_p(*outlier) == permutation_p(*outlier) != welch_p(*outlier)


def test_pairing_takes_the_effect_of_the_seed_away() -> None:
    arms = with_seed_effect(8, lstm=0, cifg=-0.1)
    paired, unpaired = (compare(arms, "lstm", "max", test=test)["cifg"] for test in ("paired", "unpaired"))
    assert paired.difference is not None
    assert paired.difference.mean == pytest.approx(-0.1, abs=0.01)
    assert paired.difference.half_width == pytest.approx(0.01, abs=0.01)
    assert paired.p == paired.p_corrected == smallest_sign_flip_p(8)
    assert unpaired.p > 0.5


def test_the_paired_test_needs_equal_seeds() -> None:
    arms = {"lstm": ArmScores({0: 1.0, 1: 2.0}), "gru": ArmScores({1: 1.0}, frozenset({2}))}
    message = "The paired test needs equal seeds; gru has seeds 1, 2, and lstm has seeds 0, 1. Use test=unpaired, or"
    with pytest.raises(UserError, match=message):
        compare(arms, "lstm", "max", test="paired")
    assert compare(arms, "lstm", "max")["gru"].n == (2, 2)


@pytest.mark.parametrize("test", ["unpaired", "paired"])
@pytest.mark.parametrize("n", [4, 5, 8, 17])
def test_the_interval_tells_the_story_of_p(n: int, test: str) -> None:
    told = set()
    for seed in range(12):
        arms = normal_arms(n, seed=seed, base=0, a=0, b=1, c=2, d=3)
        for result in compare(arms, "base", "max", test=test).values():
            assert result.difference is not None
            low, high = result.difference.low, result.difference.high
            if low is None or high is None:
                told.add("no interval")
                assert not result.attainable
                continue
            told.add("significant" if result.significant else "not significant")
            excludes_zero = low >= 0 or high <= 0
            assert low <= result.difference.mean <= high
            assert excludes_zero == result.significant
    smallest = smallest_p(n, n) if test == "unpaired" else smallest_sign_flip_p(n)
    assert ("no interval" in told) == (4 * smallest > 0.05)
    assert n < 8 or {"significant", "not significant"} <= told


def test_an_interval_that_only_the_last_step_of_holm_decides_ends_at_zero() -> None:
    arms = normal_arms(8, seed=1, base=0, far=9, farther=20)
    base = np.array(arms["base"].values())
    for shift in np.linspace(0.8, 1.6, 60):
        arms["near"] = ArmScores(dict(enumerate((-base + 2 * base.mean() + shift).tolist())))
        result = compare(arms, "base", "max")["near"]
        if 0.05 / 3 < result.p <= 0.05:
            break
    assert result.significant
    assert result.difference is not None
    assert (result.difference.low, result.difference.clipped) == (0.0, True)


def test_families_are_corrected_one_by_one() -> None:
    arms = normal_arms(8, base=0, a=1, b=1, c=1, d=0)
    whole = compare(arms, "base", "max")
    split = compare(arms, "base", "max", families={"gates": ("a", "b", "absent"), "width": ("c",)})
    assert list(split) == ["a", "b", "c"]
    assert [result.family for result in split.values()] == ["gates", "gates", "width"]
    assert {result.family for result in whole.values()} == {"all"}
    assert split["c"].p_corrected == split["c"].p == whole["c"].p
    assert whole["a"].smallest_p == pytest.approx(4 * smallest_p(8, 8))
    assert split["a"].smallest_p == pytest.approx(2 * smallest_p(8, 8))


def test_an_arm_is_in_one_family_at_most() -> None:
    arms = normal_arms(3, base=0, a=1)
    with pytest.raises(UserError, match="a is in two families, gates and width"):
        compare(arms, "base", "max", families={"gates": ("a",), "width": ("a",)})


def test_unknown_names_are_named() -> None:
    arms = normal_arms(3, base=0, a=1)
    with pytest.raises(UserError, match="did you mean 'base'"):
        compare(arms, "bas", "max")
    with pytest.raises(UserError, match="did you mean 'paired'"):
        compare(arms, "base", "max", test="pairs")


def test_a_difference_that_is_not_there_is_no_lack_of_seeds() -> None:
    same = ArmScores(dict.fromkeys(range(8), 0.5))
    result = compare({"base": same, "same": same}, "base", "max")["same"]
    assert (result.p, result.attainable, result.effect) == (1.0, True, None)
    assert result.difference is not None
    assert (result.difference.low, result.difference.high) == (0.0, 0.0)


def test_equal_scores_within_both_arms_are_told_apart_as_far_as_n_permits() -> None:
    arms = {"base": ArmScores(dict.fromkeys(range(5), 1.0)), "worse": ArmScores(dict.fromkeys(range(5), 0.5))}
    result = compare(arms, "base", "max")["worse"]
    assert result.p == smallest_p(5, 5)
    assert result.difference is not None
    assert (result.difference.low, result.difference.high) == pytest.approx((-0.5, -0.5))


def test_an_arm_with_fewer_seeds_than_the_others_is_told_apart() -> None:
    arms = normal_arms(5, base=0, clear=1, twin=0)
    arms["short"] = ArmScores({0: 5.0})
    results = compare(arms, "base", "max")
    assert [results[name].attainable for name in ("clear", "twin", "short")] == [True, True, False]
    assert results["short"].n == (1, 5)


def test_an_arm_without_trials_is_not_compared() -> None:
    arms = normal_arms(5, base=0, a=1)
    assert list(compare(arms | {"none": ArmScores({})}, "base", "max")) == ["a"]
    assert compare(arms | {"base": ArmScores({})}, "base", "max") == {}


def test_diverged_trials_have_the_worst_rank() -> None:
    """Three of eight diverge and the others are a little better: the means say better, the ranks do not."""
    base = ArmScores({seed: 0.80 + 0.001 * seed for seed in range(8)})
    lucky = ArmScores({seed: 0.90 + 0.001 * seed for seed in range(5)}, frozenset({5, 6, 7}))
    for direction, sign in (("max", 1), ("min", -1)):
        arms = {
            name: ArmScores({seed: sign * score for seed, score in arm.scores.items()}, arm.diverged)
            for name, arm in (("base", base), ("lucky", lucky))
        }
        result = compare(arms, "base", direction)["lucky"]  # type: ignore[arg-type]
        assert result.by_rank
        assert result.difference is result.effect is None
        assert result.n == (8, 8)
        ranks = [1 + 1.0] * 3 + [12.0, 13.0, 14.0, 15.0, 16.0], [4.0 + rank for rank in range(8)]
        assert result.p == unpaired_p(*ranks) > 0.4


def test_an_arm_of_which_all_trials_diverged_is_worse() -> None:
    arms = normal_arms(8, base=0) | {"lost": ArmScores({}, frozenset(range(8)))}
    result = compare(arms, "base", "max")["lost"]
    assert result.p == smallest_p(8, 8)
    assert compare({"base": arms["lost"], "lost": arms["lost"]}, "base", "max")["lost"].p == 1.0


def test_paired_trials_that_diverged_have_the_largest_difference() -> None:
    base = ArmScores(dict.fromkeys(range(6), 0.5), frozenset({6}))
    arm = ArmScores({0: 0.4, 1: 0.45, 2: 0.55, 3: 0.5}, frozenset({4, 5, 6}))
    result = compare({"base": base, "arm": arm}, "base", "max", test="paired")["arm"]
    assert result.by_rank
    assert result.p == sign_flip_p([-5, -3.5, 3.5, 0, -6.5, -6.5, 0])


def test_a_comparison_knows_whether_it_is_significant() -> None:
    values = {"family": "all", "difference": None, "smallest_p": 0.01, "attainable": True, "effect": None}
    assert Comparison(p=0.01, p_corrected=0.05, by_rank=True, n=(8, 8), **values).significant  # type: ignore[arg-type]
    assert not Comparison(p=0.01, p_corrected=0.051, by_rank=True, n=(8, 8), **values).significant  # type: ignore[arg-type]
