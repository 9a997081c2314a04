"""The rule of the verdicts, case by case."""

from collections.abc import Sequence
from typing import Any

import pytest

from gatebench.measures.published_interval import expected_interval
from gatebench.outcome import Outcome
from gatebench.report.arms import arms_of
from gatebench.report.published.matching import shown_results
from gatebench.report.published.verdicts import PublishedVerdict, published_verdict
from gatebench.report.task_comparison import task_comparison
from gatebench.study import Study
from gatebench.task import Metric
from tests.gatebench.published.publications import SIGNIFICANCES, VALUES, publication
from tests.gatebench.report.studies import ACCURACY, changed, outcome, scored

SPREAD = (-0.02, -0.01, 0.0, 0.01, 0.02)


def values(cell: str = "gru", middle: float = 0.8, **changes: Any) -> list[Outcome]:
    return [outcome(cell, seed, middle + step, **changes) for seed, step in enumerate(SPREAD)]


def verdict(
    outcomes: Sequence[Outcome],
    result: dict[str, Any],
    cell: str = "gru",
    *,
    baseline: str = "lstm",
    metric: Metric = ACCURACY,
) -> PublishedVerdict:
    """Return the verdict on the row of a cell."""
    arms = arms_of(outcomes)
    comparison = task_comparison(metric, Study("made-up", baseline=baseline), arms, baseline)
    (shown,) = shown_results([publication(a=result)], "sentiment", metric.name, arms)
    arm = next(arm for arm in arms if arm.matches(cell))
    entry = shown.entry(arm)
    assert entry is not None
    return published_verdict(shown, arm, entry, comparison, arms)


def published(value: str = "80.0", *, mark: str = "verified", sd: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a result with a value for gru."""
    entry = {"value": value, "mark": mark} | ({} if sd is None else {"sd": sd})
    return {**VALUES, "entries": {"gru": entry}, **changes}


def test_a_value_agrees_if_it_is_in_the_interval() -> None:
    scores = [0.8 + step for step in SPREAD]
    expected = expected_interval(scores, digit=0.001)
    assert expected is not None
    assert verdict(values(), published("80.0")) == PublishedVerdict("agrees", expected=expected)
    for end, inside, outside in zip(expected, ("75.3", "84.7"), ("75.1", "84.9"), strict=True):
        assert abs(100 * end - float(inside)) < 0.2
        assert verdict(values(), published(inside)).word == "agrees"
        assert verdict(values(), published(outside)).word == "differs"


def test_a_printed_deviation_and_the_runs_count() -> None:
    one = verdict(values(), published("82.5", sd="0.1", runs="50"))
    assert one.word == "differs"
    assert one.expected == expected_interval([0.8 + step for step in SPREAD], runs=50, sd=0.001, digit=0.001)
    assert verdict(values(), published("82.5")).word == "agrees"


@pytest.mark.parametrize(
    ("result", "outcomes", "reason"),
    [
        (published(decisive=["it reads words", "it has a tree"]), values(), "it reads words; it has a tree"),
        (published(conditions={"task.order": "row"}), values(), "task.order is none here and row there"),
        (published(statistic="best", runs="1800"), values(), "it gives the best of 1,800 trials, and not a mean"),
        (published(statistic="best"), values(), "it gives the best, and not a mean"),
        (
            {**VALUES, "entries": {"mgu": {"value": "80", "mark": "verified", "near": ["gru"]}}},
            values(),
            "the cell there is mgu",
        ),
        (published(), values()[:1], "there is no interval for fewer than two scores"),
        (published(), [*values(), outcome("gru", 7, 0.1, status="failed")], "not every trial ended"),
        (
            published(),
            [*values(), outcome("gru", 7, 0.1, status="diverged")],
            "a seed diverged, so that there is no mean",
        ),
        (published(), [outcome("gru", 0, float("nan"))], "a seed diverged, so that there is no mean"),
    ],
)
def test_a_value_is_not_comparable(result: dict[str, Any], outcomes: list[Outcome], reason: str) -> None:
    assert verdict(outcomes, result) == PublishedVerdict("not comparable", reason)


def test_a_significance_agrees_if_direction_and_significance_are_the_same() -> None:
    outcomes = scored(lstm=0.8, nfg=0.6, gru=0.8001)
    nfg = verdict(outcomes, SIGNIFICANCES, "nfg")
    assert (nfg.word, nfg.here) == ("agrees", "worse")
    assert nfg.reason == "worse here, p < 0.001; worse there"
    gru = verdict(outcomes, SIGNIFICANCES)
    assert (gru.word, gru.here) == ("agrees", "not significant")
    swapped = scored(lstm=0.8, nfg=0.8001, gru=0.9)
    assert [verdict(swapped, SIGNIFICANCES, cell).word for cell in ("nfg", "gru")] == ["differs", "differs"]
    assert verdict(swapped, SIGNIFICANCES).here == "better"


def test_a_lower_score_may_be_better() -> None:
    mse = Metric("mse", "min")
    outcomes = changed(scored(lstm=0.8, nfg=0.6, gru=0.8001), metric=mse)
    assert verdict(outcomes, {**SIGNIFICANCES, "metric": "mse"}, "nfg", metric=mse).here == "better"


def test_a_comparison_by_rank_has_the_direction_of_the_medians() -> None:
    outcomes = scored(lstm=0.8, gru=0.9)
    lost = [*outcomes, *(outcome("nfg", seed, 0.5, status="diverged") for seed in range(8))]
    one = verdict(lost, SIGNIFICANCES, "nfg")
    assert (one.word, one.here) == ("agrees", "worse")


@pytest.mark.parametrize(
    ("outcomes", "baseline", "reason"),
    [
        (scored(lstm=0.8, gru=0.7), "gru", "this row is not compared with the baseline"),
        (scored(lstm=0.8, rnn=0.7, gru=0.7), "rnn", "the baseline there is lstm"),
        ([one for one in scored(lstm=0.8, gru=0.7) if one.seed < 2], "lstm", "n is too small for p of 0.05"),
    ],
)
def test_a_significance_is_not_comparable(outcomes: list[Outcome], baseline: str, reason: str) -> None:
    assert verdict(outcomes, SIGNIFICANCES, baseline=baseline) == PublishedVerdict("not comparable", reason)
