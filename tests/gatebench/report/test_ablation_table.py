"""The table: its parts and their order, the notes that they share, and the mistakes that are refused."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.task import Metric
from tests.gatebench.report.studies import (
    SEARCH,
    SEEDS,
    changed,
    column,
    only,
    outcome,
    rows,
    scored,
    searched,
    table_of,
)

MSE = Metric("mse", "min")


@given(st.permutations(scored(lstm=0.8, cifg=0.799, nfg=0.6)))
def test_the_order_of_the_outcomes_changes_no_number(shuffled: list[Outcome]) -> None:
    order = ("lstm", "cifg", "nfg")
    assert table_of(shuffled, order=order) == table_of(scored(lstm=0.8, cifg=0.799, nfg=0.6), order=order)


def test_rows_come_in_the_declared_order_and_the_first_is_the_baseline() -> None:
    outcomes = scored(a=0.5, b=0.6, c=0.7)
    undeclared = table_of(outcomes)
    assert list(rows(undeclared)) == ["a", "b", "c"]
    assert "The study declares no baseline, so it is the first cell." in undeclared.notes
    table = table_of(outcomes, order=("c", "a"))
    assert list(rows(table)) == ["c", "a", "b"]
    assert rows(table)["c"].texts[3] == "baseline"
    assert "The study declares no baseline, so it is the first cell." not in table.notes
    assert rows(table_of(outcomes, order=("c", "a"), baseline="b"))["b"].texts[3] == "baseline"


def test_the_title_and_the_question_are_those_of_the_study() -> None:
    table = table_of(scored(a=0.5), question="Which gate matters?")
    assert (table.title, table.question) == ("Gate ablation: made-up", "Which gate matters?")
    assert table_of(scored(a=0.5), title="Mine").title == "Mine"


def test_a_baseline_of_two_cells_is_chosen_by_its_digest() -> None:
    outcomes = scored(lstm=0.8, other=0.8)
    renamed = [replace(one, cell="lstm") for one in outcomes if one.cell == "other"]
    with pytest.raises(UserError, match="The baseline 'lstm' could be any of 2 cells"):
        table_of(outcomes[:8] + renamed, baseline="lstm")
    chosen = table_of(outcomes[:8] + renamed, baseline="other-equations")
    assert [row.texts[3] == "baseline" for row in only(chosen).rows] == [False, True]


def test_each_task_has_a_table_and_absent_cells_are_named() -> None:
    ett = [outcome("gru", seed, 0.1 + seed / 9, "ett", metric=MSE) for seed in SEEDS]
    table = table_of(scored(lstm=0.8, gru=0.8) + ett, order=("lstm", "gru", "mgu"))
    assert [task_table.task for task_table in table.task_tables[:2]] == ["sentiment", "ett"]
    assert "Cells without a trial: mgu." in table.task_tables[0].notes
    assert "Cells without a trial: lstm, mgu." in table.task_tables[1].notes
    assert any("No differences" in note for note in table.task_tables[1].notes)


def test_a_declared_baseline_without_a_trial_gives_a_table_without_differences() -> None:
    table = table_of(scored(gru=0.8, rnn=0.7), order=("lstm", "gru", "rnn"), baseline="lstm")
    assert "No differences: the baseline has no trial on this task." in table.notes


def test_each_named_metric_has_a_table_with_its_own_comparisons() -> None:
    outcomes = changed(scored(lstm=0.8, gru=0.7), other_metrics=(MSE,), chance=0.5)
    table = table_of(outcomes, metrics=("mse", "accuracy"))
    mse, accuracy = table.task_tables
    assert (mse.task, accuracy.task) == ("sentiment · mse", "sentiment · accuracy")
    assert [bool(row.bold) for row in mse.rows] == [False, True]
    assert [any(column.title == "parameters" for column in one.columns) for one in (mse, accuracy)] == [True, False]
    assert [bool(row.bold) for row in accuracy.rows] == [True, False, False]
    assert [row.texts[0] for row in accuracy.rows] == ["lstm", "gru", "chance"]
    assert only(table_of(outcomes, metrics=("mse",))).task == "sentiment"


def test_a_note_that_holds_for_every_table_is_said_once() -> None:
    outcomes = scored(lstm=0.8, gru=0.8)
    table = table_of(changed(outcomes, other_metrics=(MSE,)), metrics=("mse", "accuracy"))
    assert sum(note.startswith("Difference: from lstm") for note in table.notes) == 1
    assert not any(note.startswith("Difference") for task_table in table.task_tables for note in task_table.notes)


@pytest.mark.parametrize(
    ("outcomes", "declaration", "sentence"),
    [
        ([], {}, "There are no finished trials to make a table of; run the experiment first."),
        (
            scored(lstm=0.8),
            {"baseline": "lsmt"},
            "There is no baseline cell 'lsmt'; did you mean 'lstm'? Allowed: lstm.",
        ),
        (
            scored(lstm=0.8),
            {"metrics": ("accuracie",)},
            "There is no metric 'accuracie' of task sentiment; did you mean 'accuracy'? Allowed: accuracy, seconds.",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(outcomes: list[Outcome], declaration: Any, sentence: str) -> None:
    with pytest.raises(UserError) as error:
        table_of(outcomes, **declaration)
    assert str(error.value) == sentence


def test_chance_is_that_of_the_newest_outcome() -> None:
    first, *newer = changed(scored(a=0.8, b=0.7), chance=0.25)
    row = only(table_of([replace(first, chance=0.5), *newer])).rows[-1]
    assert row.texts[:2] == ("chance", "25.0")


def test_a_table_needs_neither_torch_nor_mlflow() -> None:
    code = "import sys, gatebench.report.render; assert not {'torch', 'mlflow', 'scipy.stats'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_family_may_have_cells_that_have_not_been_run() -> None:
    families = {"gates": ("nig", "nfg"), "cells": ("gru",)}
    table = table_of(scored(lstm=0.8, gru=0.7), families=families)
    assert [row.texts[0] for row in table.task_tables[0].rows][:2] == ["lstm", "gru"]
    assert table_of(scored(lstm=0.8), families=families).task_tables


def test_a_search_has_one_row_a_cell_with_ranges_and_notes() -> None:
    outcomes = searched({"lstm": 0.5, "gru": 0.6})
    table = table_of(outcomes, search=SEARCH)
    assert list(rows(table)) == ["lstm", "gru"]
    assert column(only(table), "n") == {"lstm": "10", "gru": "10"}
    assert column(only(table), "parameters")["gru"] == "50 to 950"
    assert column(only(table), "p (Holm)")["gru"] == "< 0.001"
    assert any("over n trials" in note for note in table.notes)
    ranges = "model.hidden_size 20 to 83 (drawn from int(interval(20, 200))); training.learning_rate 0.001 to 0.010"
    assert any(ranges in note for note in table.notes)
    record = rows(table)["lstm"].record
    assert (record["parameters"], record["parameters_low"], record["parameters_high"]) == (None, 50, 950)
    assert record["varied"] == "model.hidden_size 20 to 83; training.learning_rate 0.001 to 0.010"
    named = table_of(outcomes, vary=["model", "training.learning_rate"])
    assert {label: row.texts for label, row in rows(named).items()} == {
        label: row.texts for label, row in rows(table).items()
    }


def test_draws_that_all_cells_share_can_be_paired() -> None:
    outcomes = searched({"lstm": 0.5, "gru": 0.6}, draws=6, seeds=(0, 1))
    paired = table_of(outcomes, search=SEARCH, test="paired")
    assert rows(paired)["gru"].record["p"] == 2 / 2**12
    other = [replace(one, settings={**one.settings, "model.hidden_size": "9"}) for one in outcomes if one.cell == "gru"]
    with pytest.raises(
        UserError, match="12 trials of lstm and the 12 trials of gru have only 0 in common; use test=unp"
    ):
        table_of(outcomes[:12] + other, search=SEARCH, test="paired")


def test_a_search_without_differences_is_a_table_as_always() -> None:
    outcomes = scored(lstm=0.8, gru=0.7)
    assert table_of(outcomes, search=SEARCH) == table_of(outcomes)


def test_an_unknown_setting_to_vary_is_refused() -> None:
    with pytest.raises(UserError, match=r"no setting 'model\.size'"):
        table_of(searched({"lstm": 0.5}), vary=["model.size"])


def test_the_table_of_all_tasks_shows_the_first_metric_that_the_study_names() -> None:
    mae = Metric("mae", "min")
    outcomes = [
        outcome(cell, seed, 0.5, task=task, metrics={"test/mae": error + seed}, other_metrics=(mae,), chance=0.1)
        for task in ("near", "far")
        for cell, error in (("a", 10.0), ("b", 20.0))
        for seed in range(5)
    ]
    together = table_of(outcomes, metrics=("mae", "accuracy")).task_tables[-1]
    assert [column.title for column in together.columns][-2:] == ["near: mae ↓", "far: mae ↓"]
    assert together.rows[0].texts[-1] == "12.0 ± 2.0"
    plain = table_of(outcomes).task_tables[-1]
    assert [column.title for column in plain.columns][-2:] == ["near: accuracy % ↑", "far: accuracy % ↑"]
