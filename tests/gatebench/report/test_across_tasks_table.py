"""The table of all tasks together."""

from gatebench.outcome import Outcome
from gatebench.report.across_tasks_table import TITLE, TaskArms, across_tasks_table
from gatebench.report.arms import arms_of
from gatebench.report.task_comparison import task_comparison
from gatebench.study import Study
from gatebench.task import Metric
from tests.gatebench.report.studies import ACCURACY, SEEDS, outcome, scored, table_of

MSE = Metric("mse", "min")


def ett(**scores: float) -> list[Outcome]:
    return [
        outcome(cell, seed, score + seed / 1000, "ett", metric=MSE) for cell, score in scores.items() for seed in SEEDS
    ]


def task_arms(task: str, metric: Metric, outcomes: list[Outcome]) -> TaskArms:
    arms = arms_of(outcomes)
    return TaskArms(task, arms, task_comparison(metric, Study("made-up"), arms, "lstm"))


def test_each_cell_has_one_row_with_its_score_on_each_task() -> None:
    tasks = [
        task_arms("sentiment", ACCURACY, scored(lstm=0.8, gru=0.7)),
        task_arms("ett", MSE, ett(gru=0.2, rnn=0.3)),
    ]
    table = across_tasks_table(tasks)
    assert [column.title for column in table.columns] == ["cell", "sentiment: accuracy % ↑", "ett: mse ↓"]
    assert [row.texts for row in table.rows] == [
        ("lstm", "83.5 ± 2.0", "–"),
        ("gru", "73.5 ± 2.1", "0.2035 ± 0.0020"),
        ("rnn", "–", "0.3035 ± 0.0020"),
    ]
    assert [sorted(row.bold) for row in table.rows] == [[1], [2], []]
    assert [row.record["tasks"] for row in table.rows] == [1, 2, 1]


def test_a_study_of_one_task_has_no_such_table() -> None:
    assert len(table_of(scored(lstm=0.8)).task_tables) == 1
    assert table_of(scored(lstm=0.8) + ett(lstm=0.3)).task_tables[-1].task == TITLE
