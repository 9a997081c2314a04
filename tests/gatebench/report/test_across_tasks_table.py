"""The table of all tasks together."""

from dataclasses import replace
from typing import Any

import pytest

from gatebench.outcome import Outcome
from gatebench.report.across_tasks_table import NO_SUMMARY, TITLE, TaskArms, across_tasks_table
from gatebench.report.arms import arms_of
from gatebench.report.task_comparison import task_comparison
from gatebench.report.task_table import TaskTable
from gatebench.study import Study
from gatebench.task import Metric
from tests.gatebench.report.studies import ACCURACY, SEEDS, outcome, scored, table_of

MSE = Metric("mse", "min")


def ett(**scores: float) -> list[Outcome]:
    return [
        outcome(cell, seed, score + seed / 1000, "ett", metric=MSE) for cell, score in scores.items() for seed in SEEDS
    ]


def task_arms(metric: Metric, outcomes: list[Outcome], chance: float | None) -> TaskArms:
    arms = arms_of(outcomes)
    return TaskArms(outcomes[0].task, arms, task_comparison(metric, Study("made-up"), arms, "lstm"), chance)


def together(first: list[Outcome], second: list[Outcome], chance: float | None = 1.0) -> TaskTable:
    return across_tasks_table([task_arms(ACCURACY, first, 0.5), task_arms(MSE, second, chance)])


def test_each_cell_has_one_row_with_its_summary_and_its_score_on_each_task() -> None:
    table = together(scored(lstm=0.8, gru=0.7), ett(lstm=0.3, gru=0.2))
    assert [column.title for column in table.columns] == [
        "cell",
        "normalised score ↑",
        "P(better) ↑",
        "sentiment: accuracy % ↑",
        "ett: mse ↓",
    ]
    lstm, gru = table.rows
    assert lstm.texts[0] == "lstm"
    assert lstm.texts[1].startswith("1.00 [")
    assert lstm.texts[2:] == ("baseline", "83.5 ± 2.0", "0.3035 ± 0.0020")
    # On ett gru is better in all pairs of trials, on sentiment in none: the lowest score of lstm is 0.80.
    assert gru.texts[2].startswith("0.50 [")
    assert gru.texts[3:] == ("73.5 ± 2.1", "0.2035 ± 0.0020")
    assert [sorted(row.bold) for row in table.rows] == [[3], [4]]
    assert gru.record["improvement_mean"] == 0.5
    assert (gru.record["task"], gru.record["n"]) == ("(all tasks)", 16)
    assert any(note.startswith("Normalised score: interquartile mean") for note in table.notes)


def test_a_cell_that_cannot_be_compared_on_a_task_has_no_summary() -> None:
    failed: dict[str, Any] = {"status": "failed", "metrics": {}}
    sentiment = [
        replace(one, **failed) if one.digest == "sentiment-mgu-3" else one for one in scored(lstm=0.8, gru=0.7, mgu=0.7)
    ]
    table = together(sentiment, ett(lstm=0.3, mgu=0.2))
    assert [row.texts[1:3] == ("–", "–") for row in table.rows] == [False, True, True]
    assert [row.footnotes for row in table.rows] == [(), (1,), (2,)]
    assert table.footnotes == (
        "No summary, because it cannot be compared on ett.",
        "No summary, because it cannot be compared on sentiment.",
    )
    assert table.rows[1].texts[4] == "–"
    assert table.rows[1].record["normalised_mean"] is None


def test_diverged_trials_count() -> None:
    sentiment = [
        replace(one, status="diverged", metrics={}) if one.cell == "gru" else one for one in scored(lstm=0.8, gru=0.9)
    ]
    gru = together(sentiment, ett(lstm=0.3, gru=0.3)).rows[1]
    assert gru.record["improvement_mean"] == pytest.approx(0.25)
    assert gru.texts[3] == "diverged, 0 of 8 ended"


def test_tasks_that_cannot_be_normalised_are_named() -> None:
    table = together(scored(lstm=0.8, gru=0.7), ett(lstm=0.3, gru=0.2), chance=None)
    assert "Not in the normalised score: ett (the task has no chance level)." in table.notes


def test_without_a_baseline_on_each_task_there_is_no_summary() -> None:
    table = together(scored(lstm=0.8, gru=0.7), ett(gru=0.2))
    assert table.notes == (NO_SUMMARY,)
    assert [column.title for column in table.columns] == ["cell", "sentiment: accuracy % ↑", "ett: mse ↓"]
    assert [sorted(row.bold) for row in table.rows] == [[1], []]
    assert table.rows[0].texts == ("lstm", "83.5 ± 2.0", "–")


def test_a_study_of_one_task_has_no_such_table() -> None:
    assert len(table_of(scored(lstm=0.8)).task_tables) == 1
    assert table_of(scored(lstm=0.8) + ett(lstm=0.3)).task_tables[-1].task == TITLE
