"""The notes below a task's table."""

from dataclasses import replace
from typing import Any

import pytest

from gatebench.outcome import Outcome
from gatebench.report.arms import arms_of
from gatebench.report.notes import task_notes
from gatebench.report.task_comparison import task_comparison
from gatebench.study import Study
from gatebench.task import Metric
from tests.gatebench.report.studies import ACCURACY, gates, outcome, scored

UNPAIRED = "permutation test and Welch's t test of the means (unpaired), the larger p of the two"


def notes(outcomes: list[Outcome], *, metric: Metric = ACCURACY, baseline: str = "lstm", **declaration: Any) -> str:
    arms = arms_of(outcomes)
    return "\n".join(task_notes(arms, task_comparison(metric, Study("made-up", **declaration), arms, baseline), ()))


def test_the_test_its_correction_and_its_limits_are_named() -> None:
    text = notes(scored(lstm=0.8, gru=0.7, rnn=0.5))
    assert "Difference: from lstm. p: permutation test and Welch's t test of the means (unpaired)" in text
    assert "Holm-corrected over 2 comparisons." in text
    assert "Smallest corrected p that can be reached: < 0.001 with n = 8." in text
    assert "Correlation between the scores of different cells with the same seed: 1.00." in text
    assert "n too small" not in text


def test_a_paired_test_is_named_so() -> None:
    text = notes(scored(lstm=0.8, gru=0.7), test="paired")
    assert "sign-flip permutation test of the differences, paired by seed, Holm-corrected over 1 comparison." in text
    assert "Smallest corrected p that can be reached: 0.008 with n = 8." in text


def test_families_are_named_with_their_sizes() -> None:
    text = notes(scored(lstm=0.8, nfg=0.7, nig=0.6, gru=0.8), families={"gates": ("nfg", "nig"), "cells": ("gru",)})
    assert "Holm-corrected within each family: gates (2 comparisons), cells (1 comparison)." in text


def test_cells_in_no_family_are_named() -> None:
    outcomes = scored(lstm=0.8, nfg=0.7, nig=0.6, gru=0.8)
    named = "Without p, because no declared family contains them: nig, gru."
    assert named in notes(outcomes, families={"gates": ("nfg",)})
    assert "Without p" not in notes(outcomes)


def test_the_sizes_of_families_are_those_within_a_group_of_settings() -> None:
    outcomes = [
        replace(one, digest=f"{one.digest} {size}", settings={"model.hidden_size": str(size)})
        for size in (8, 16)
        for one in scored(lstm=0.8, gru=0.7, rnn=0.6)
        if (one.cell, size) != ("rnn", 16)
    ]
    expected = "within each group of settings over 1 comparison or 2 comparisons."
    assert f"Difference: from the baseline with the same settings. p: {UNPAIRED}, Holm-corrected {expected}" in notes(
        outcomes
    )
    families = {"gates": ("gru",), "cells": ("rnn",)}
    expected = "within each group of settings and within each family: gates (1 comparison), cells (1 comparison)."
    assert f"Holm-corrected {expected}" in notes(outcomes, families=families)


@pytest.mark.parametrize(
    ("test", "seeds", "expected"), [("unpaired", 3, "4 comparisons need 5 seeds"), ("paired", 7, "8 seeds")]
)
def test_too_few_seeds_are_told_with_the_number_that_is_needed(test: Any, seeds: int, expected: str) -> None:
    text = notes([one for one in scored(lstm=0.8, b=0.5, c=0.6, d=0.1, e=0.2) if one.seed < seeds], test=test)
    assert "n too small: no difference, however large, could have p of 0.05 or less." in text
    assert expected in text


def test_unequal_n_are_named() -> None:
    outcomes = [one for one in scored(lstm=0.8, gru=0.7, rnn=0.6) if (one.cell, one.seed) != ("gru", 0)]
    assert "with n = 7 and 8, < 0.001 with n = 8." in notes(outcomes)


@pytest.mark.parametrize(
    ("outcomes", "baseline", "expected"),
    [
        (scored(lstm=0.8, gru=0.7), "mgu", "No differences: the baseline has no trial on this task."),
        (scored(lstm=0.8), "lstm", "No differences: no other cell can be compared with the baseline lstm."),
        (
            [outcome("lstm", 0, 0.5, status="failed"), outcome("gru", 0, 0.5)],
            "lstm",
            "No differences: not every trial of the baseline lstm ended.",
        ),
    ],
)
def test_a_table_without_differences_says_why(outcomes: list[Outcome], baseline: str, expected: str) -> None:
    assert expected in notes(outcomes, baseline=baseline)


def test_a_table_without_a_best_cell_says_so() -> None:
    outcomes = [replace(one, status="failed") if one.cell == "gru" else one for one in scored(lstm=0.8, gru=0.7)]
    assert "No score is marked as the best: fewer than two cells can be compared." in notes(outcomes)


def test_clipped_intervals_and_ranks_are_explained_where_they_are_used() -> None:
    near_one = [outcome(cell, seed, 1 - seed / 1000) for cell in ("lstm", "gru") for seed in range(3)]
    bounded = Metric("accuracy", "max", high=1)
    assert "the interval, which is cut" in notes(near_one, metric=bounded)
    assert "the interval, which is cut" not in notes(near_one)
    diverged = [replace(one, status="diverged") if one.cell == "gru" else one for one in scored(lstm=0.8, gru=0.7)]
    assert "p compares ranks in the same way (rank)" in notes(diverged)
    assert "(rank)" not in notes(scored(lstm=0.8, gru=0.7))


def test_a_gate_column_is_explained() -> None:
    assert "keep: the gate that multiplies the old memory" in notes(scored({"lstm": gates(f=0.8)}, lstm=0.8))


def test_draws_that_differ_between_cells_have_no_correlation() -> None:
    outcomes = scored(lstm=0.8, gru=0.7)
    assert "Correlation between the scores" in notes(outcomes)
    text = notes(outcomes, samplers=("tpe",))
    assert "Correlation between the scores" not in text
    assert "Drawn by tpe" in text
