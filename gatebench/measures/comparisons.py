"""The comparison of arms with a baseline: the difference with its interval, p, the corrected p and the effect size.

The unpaired test is the default: p is the larger of the p of an exact permutation test and of Welch's t test. The first
holds the level for scores of any distribution if an arm equals the baseline in all respects; the second holds it for
normal scores if the variances differ. See docs/statistics.md for simulations.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from gatebench.errors import UserError, unknown
from gatebench.measures.arm_scores import ArmScores, Direction, midranks
from gatebench.measures.corrections import holm
from gatebench.measures.effect_size import hedges_g
from gatebench.measures.estimates import Estimate
from gatebench.measures.permutation import SplitTest, permutation_p, smallest_p, split_tests
from gatebench.measures.sign_flip import sign_flip_interval, sign_flip_p, smallest_sign_flip_p
from gatebench.measures.welch import welch_interval, welch_p

__all__ = ["ALL", "ALPHA", "TESTS", "ArmScores", "Comparison", "compare", "unpaired_p"]

ALPHA = 0.05
"""The level of significance."""

ALL = "all"
"""The name of the family of comparisons if none is declared."""

TESTS = ("unpaired", "paired")
"""The tests. A paired test is right only if a seed fixes a split or a stream that all arms share."""

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Comparison:
    """The comparison of an arm with the baseline.

    Attributes:
        family: the name of the family of comparisons within which p is corrected.
        difference: the mean of the arm minus the mean of the baseline. Its interval has the level 1 - 0.05/m for m
            comparisons in the family (Bonferroni) and is that of the same test, so that it excludes 0 if p_corrected is
            at most 0.05 and contains 0 otherwise. It has no ends if the n are too small for that level. None if the
            comparison is by rank.
        p: the p-value of the test.
        p_corrected: the p-value corrected within the family (Holm 1979).
        smallest_p: the smallest corrected p-value that these n can reach, with all arms of the family as far from the
            baseline as can be.
        attainable: whether smallest_p is at most 0.05. If not, n is too small, and a large p shows nothing.
        effect: Hedges' g with an uncorrected 95 % interval, of the scores also if the test is paired; None without
            spread or by rank.
        by_rank: whether scores were replaced by their ranks, because a trial diverged. A diverged trial has the worst
            rank.
        n: the number of trials of the arm and of the baseline that count.
    """

    family: str
    difference: Estimate | None
    p: float
    p_corrected: float
    smallest_p: float
    attainable: bool
    effect: Estimate | None
    by_rank: bool
    n: tuple[int, int]

    @property
    def significant(self) -> bool:
        """Whether p_corrected is at most 0.05."""
        return self.p_corrected <= ALPHA


@dataclass(frozen=True)
class _Pair:
    """The values of an arm and of the baseline as the test takes them.

    Attributes:
        arm: the scores of the arm, or their ranks; paired: the differences, or their signed ranks.
        baseline: the scores of the baseline, or their ranks; paired: None.
        by_rank: whether they are ranks.
        n: the number of trials of the arm and of the baseline.
    """

    arm: Sequence[float]
    baseline: Sequence[float] | None
    by_rank: bool
    n: tuple[int, int]

    def smallest_p(self) -> float:
        return smallest_sign_flip_p(self.n[0]) if self.baseline is None else smallest_p(*self.n)


@dataclass(frozen=True)
class _Result:
    """The difference of an arm and the baseline, p, and the interval of the difference or None."""

    difference: float
    p: float
    interval: tuple[float, float] | None


def compare(
    arms: Mapping[Name, ArmScores],
    baseline: Name,
    direction: Direction,
    *,
    test: str = "unpaired",
    families: Mapping[str, Sequence[Name]] | None = None,
) -> dict[Name, Comparison]:
    """Return the comparison with the baseline for each other arm of a family.

    Args:
        arms: {name: scores}. Arms without any trial are not compared.
        baseline: the name of the arm that the others are compared with.
        direction: whether a higher or a lower score is better. It decides which end of the ranks a diverged trial has.
        test: "unpaired", or "paired": the differences of equal seeds.
        families: {name: names of arms}. p is corrected within a family. Names without an arm are skipped. An arm in no
            family is not compared. None or empty: one family "all" of all arms.

    Raises:
        UserError: there is no such baseline or test, an arm is in two families, or the test is paired and the seeds of
            an arm are not those of the baseline.
        ValueError: a score is not finite.
    """
    if test not in TESTS:
        raise unknown("test", test, TESTS)
    if baseline not in arms:
        raise unknown("baseline", baseline, map(str, arms))
    comparisons: dict[Name, Comparison] = {}
    for family, names in (families or {ALL: tuple(arms)}).items():
        compared = [name for name in dict.fromkeys(names) if name in arms and name != baseline and arms[name].n]
        for name in compared:
            if name in comparisons:
                raise UserError(f"The cell {name} is in two families, {comparisons[name].family} and {family}.")
        if arms[baseline].n:
            pairs = {name: _pair(arms, name, baseline, direction, test) for name in compared}
            effects = {name: _effect(arms[name], arms[baseline]) for name in compared}
            comparisons |= _family(family, pairs, effects)
    return comparisons


def _pair(arms: Mapping[Name, ArmScores], name: Name, baseline: Name, direction: Direction, test: str) -> _Pair:
    arm, base = arms[name], arms[baseline]
    by_rank = bool(arm.diverged or base.diverged)
    if test == "paired":
        if arm.seeds != base.seeds:
            raise UserError(
                f"The paired test needs equal seeds; {name} has {_seeds(arm)}, and {baseline} has {_seeds(base)}. "
                "Use test=unpaired, or run the same seeds."
            )
        return _Pair(_paired_differences(arm, base, direction), None, by_rank, (arm.n, base.n))
    first, second = list(arm.with_worst(direction).values()), list(base.with_worst(direction).values())
    if by_rank:
        first, second = midranks(first, second)
    return _Pair(first, second, by_rank, (arm.n, base.n))


def _effect(arm: ArmScores, baseline: ArmScores) -> Estimate | None:
    """Return Hedges' g of all scores; None if a trial diverged."""
    return None if arm.diverged or baseline.diverged else hedges_g(arm.values(), baseline.values())


def _seeds(arm: ArmScores) -> str:
    return f"{'seed' if len(arm.seeds) == 1 else 'seeds'} {', '.join(map(str, sorted(arm.seeds)))}"


def _paired_differences(arm: ArmScores, baseline: ArmScores, direction: Direction) -> list[float]:
    """Return arm - baseline of each seed. If a trial diverged: the signed ranks of the differences.

    The difference of a diverged and another trial is the largest, and that of two diverged trials is 0.
    """
    first, second = arm.with_worst(direction), baseline.with_worst(direction)
    differences = [first[seed] - second[seed] if first[seed] != second[seed] else 0.0 for seed in sorted(first)]
    if not (arm.diverged or baseline.diverged):
        return differences
    ranks = midranks(list(map(abs, differences)), [])[0]
    return [float(np.sign(difference)) * rank for difference, rank in zip(differences, ranks, strict=True)]


def _family(
    family: str, pairs: Mapping[Name, _Pair], effects: Mapping[Name, Estimate | None]
) -> dict[Name, Comparison]:
    """Return the comparisons of one family."""
    results = _results(list(pairs.values()), 1 - ALPHA / len(pairs))
    corrected = holm([result.p for result in results])
    smallest = holm([pair.smallest_p() for pair in pairs.values()])
    comparisons = {}
    for index, (name, pair) in enumerate(pairs.items()):
        comparisons[name] = Comparison(
            family=family,
            difference=None if pair.by_rank else _difference(pair, results[index], corrected[index] <= ALPHA),
            p=results[index].p,
            p_corrected=corrected[index],
            smallest_p=smallest[index],
            attainable=smallest[index] <= ALPHA,
            effect=effects[name],
            by_rank=pair.by_rank,
            n=pair.n,
        )
    return comparisons


def _results(pairs: Sequence[_Pair], level: float) -> list[_Result]:
    """Return the difference, p and the interval of the given level, of each pair."""
    results = {n: _sign_flip(pair.arm, level) for n, pair in enumerate(pairs) if pair.baseline is None}
    unpaired = [(n, pair.arm, pair.baseline) for n, pair in enumerate(pairs) if pair.baseline is not None]
    for index, test in split_tests([(arm, baseline) for _, arm, baseline in unpaired]):
        n, arm, baseline = unpaired[index]
        results[n] = _unpaired(test, arm, baseline, level)
    return [results[n] for n in range(len(pairs))]


def _sign_flip(differences: Sequence[float], level: float) -> _Result:
    """Return the result of the sign-flip test."""
    return _Result(float(np.mean(differences)), sign_flip_p(differences), sign_flip_interval(differences, level))


def _difference(pair: _Pair, result: _Result, significant: bool) -> Estimate:
    """Return the difference with an interval that excludes 0 if it is significant, and contains 0 otherwise.

    Holm's correction rejects more than Bonferroni's, to which the interval belongs. If only Holm's rejects, the
    interval ends at 0 (Strassburger & Bretz 2008, Statistics in Medicine 27).
    """
    n = min(pair.n)
    if result.interval is None:
        return Estimate(result.difference, None, None, n)
    low, high = result.interval
    if not significant:  # moves an end by rounding, or by the sampling of splits
        return Estimate(result.difference, min(low, 0.0), max(high, 0.0), n)
    cut = (max(low, 0.0), high) if result.difference > 0 else (low, min(high, 0.0))
    return Estimate(result.difference, *cut, n, clipped=cut != result.interval)


def unpaired_p(arm: Sequence[float], baseline: Sequence[float]) -> float:
    """Return the two-sided p of the unpaired test: the larger of `permutation_p` and `welch_p`.

    Examples:
        >>> unpaired_p([4, 5, 6], [1, 2, 3])
        0.1
    """
    return max(permutation_p(arm, baseline), welch_p(arm, baseline) or 0.0)


def _unpaired(test: SplitTest, arm: Sequence[float], baseline: Sequence[float], level: float) -> _Result:
    """Return the result of the unpaired test. Its interval contains all that one of the two tests does not reject."""
    interval, welch = test.interval(level), welch_interval(arm, baseline, level)
    if interval is not None and welch is not None:
        interval = (min(interval[0], welch[0]), max(interval[1], welch[1]))
    return _Result(test.difference, max(test.p(), welch_p(arm, baseline) or 0.0), interval)
