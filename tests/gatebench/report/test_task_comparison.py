"""Who is compared with whom, and who is left out."""

from dataclasses import replace
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.arms import arms_of
from gatebench.report.task_comparison import TaskComparison, task_comparison
from gatebench.study import Study
from tests.gatebench.report.studies import ACCURACY, SEEDS, outcome, scored


def compared(outcomes: list[Outcome], baseline: str = "lstm", **declaration: Any) -> TaskComparison:
    return task_comparison(ACCURACY, Study("made-up", **declaration), arms_of(outcomes), baseline)


def sized(cell: str, size: int, score: float) -> list[Outcome]:
    return [
        outcome(
            cell, seed, score + seed / 100, digest=f"{cell} {size} {seed}", settings={"model.hidden_size": str(size)}
        )
        for seed in SEEDS
    ]


def test_all_cells_but_the_baseline_are_one_family() -> None:
    comparison = compared(scored(lstm=0.8, gru=0.7, rnn=0.5))
    assert {label: one.family for label, one in comparison.comparisons.items()} == {"gru": "all", "rnn": "all"}
    assert comparison.partners == {"gru": "lstm", "rnn": "lstm"}
    assert comparison.baselines == ("lstm",)


def test_declared_families_are_corrected_by_themselves_and_other_cells_have_no_p() -> None:
    families = {"gates": ("nfg", "nig"), "cells": ("gru",)}
    outcomes = scored(lstm=0.8, nfg=0.79, nig=0.78, gru=0.799, rnn=0.5)
    comparison = compared(outcomes, families=families)
    assert {label: one.family for label, one in comparison.comparisons.items()} == {
        "nfg": "gates",
        "nig": "gates",
        "gru": "cells",
    }
    assert comparison.comparisons["gru"].p_corrected == comparison.comparisons["gru"].p
    assert comparison.best
    assert not compared(outcomes, families={"others": ("mgu",)}).comparisons


def test_a_cell_is_compared_with_the_baseline_of_the_same_settings() -> None:
    outcomes = sized("lstm", 64, 0.8) + sized("lstm", 128, 0.9) + sized("gru", 64, 0.7) + sized("gru", 128, 0.6)
    comparison = compared(outcomes)
    assert comparison.partners == {
        "gru · model.hidden_size=64": "lstm · model.hidden_size=64",
        "gru · model.hidden_size=128": "lstm · model.hidden_size=128",
    }
    difference = comparison.comparisons["gru · model.hidden_size=128"].difference
    assert difference is not None
    assert difference.mean == pytest.approx(-0.3)


def test_a_cell_with_other_settings_is_compared_with_the_only_baseline() -> None:
    comparison = compared(sized("lstm", 64, 0.8) + sized("gru", 128, 0.6))
    assert comparison.partners == {"gru · model.hidden_size=128": "lstm · model.hidden_size=64"}
    several = compared(sized("lstm", 64, 0.8) + sized("lstm", 32, 0.8) + sized("gru", 128, 0.6))
    assert several.partners == {}


def test_one_cell_with_several_settings_is_compared_with_its_first_settings() -> None:
    comparison = compared(sized("lstm", 128, 0.8) + sized("lstm", 64, 0.7))
    assert comparison.baselines == ("lstm · model.hidden_size=64",)
    assert list(comparison.comparisons) == ["lstm · model.hidden_size=128"]


@pytest.mark.parametrize("status", ["failed", "refused", "interrupted"])
def test_a_cell_with_a_trial_that_did_not_end_is_left_out(status: Any) -> None:
    outcomes = scored(lstm=0.8, gru=0.9, rnn=0.5)
    lost = [replace(one, status=status, metrics={}) if one.digest == "sentiment-gru-3" else one for one in outcomes]
    comparison = compared(lost)
    assert comparison.left_out == ("gru",)
    assert list(comparison.comparisons) == ["rnn"]
    assert comparison.best == {"lstm"}
    baseline_lost = compared(lost, baseline="gru")
    assert (dict(baseline_lost.comparisons), baseline_lost.left_out) == ({}, ("gru",))


def test_diverged_seeds_are_compared_by_rank_as_the_worst() -> None:
    outcomes = scored(lstm=0.5, gru=0.9)
    late = {"test/accuracy": 0.95}
    outcomes = [
        replace(one, status="diverged", metrics=late) if one.cell == "gru" and one.seed < 4 else one for one in outcomes
    ]
    comparison = compared(outcomes).comparisons["gru"]
    assert (comparison.by_rank, comparison.difference, comparison.effect) == (True, None, None)
    assert comparison.p > 0.05  # four better, four worse
    everything = [replace(one, status="diverged") if one.cell == "gru" else one for one in outcomes]
    assert compared(everything).comparisons["gru"].p < 0.001
    assert compared(everything).best == {"lstm"}


def test_a_paired_test_needs_equal_seeds_and_says_which_cell_lacks_them() -> None:
    outcomes = [one for one in scored(lstm=0.5, gru=0.9) if one.digest != "sentiment-gru-3"]
    with pytest.raises(UserError, match="gru"):
        compared(outcomes, test="paired")
    assert compared(outcomes).comparisons["gru"].n == (7, 8)


def test_fewer_than_two_cells_have_no_best_one() -> None:
    comparison = compared(scored(lstm=0.8))
    assert (comparison.best, dict(comparison.comparisons), comparison.seed_correlation) == (frozenset(), {}, None)
