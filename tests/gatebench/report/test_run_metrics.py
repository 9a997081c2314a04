"""Metrics of runs in tables."""

from importlib import import_module

import yaml

from gatebench.report.ablation_table import ablation_table
from gatebench.report.run_metrics import RUN_METRICS, record_name, run_metrics_of
from gatebench.study import Study
from tests.gatebench.report.studies import ACCURACY, outcome
from tests.paths import ROOT


def test_the_name_in_the_records() -> None:
    assert record_name(ACCURACY) == "test/accuracy"
    assert record_name(RUN_METRICS["memory/batch"]) == "memory/batch"


def test_no_task_has_a_metric_with_the_name_of_one_of_runs() -> None:
    targets = [yaml.safe_load(path.read_text())["_target_"] for path in (ROOT / "conf" / "task").glob("*.yaml")]
    tasks = [getattr(import_module(module), name) for module, _, name in (t.rpartition(".") for t in targets)]
    assert len(tasks) > 20
    assert not RUN_METRICS.keys() & {metric.name for task in tasks for metric in task.metrics}


def test_the_metrics_are_those_that_are_recorded() -> None:
    outcomes = [outcome("a", 0, 0.5), outcome("a", 1, 0.5, metrics={"gradient/reach": 7.0})]
    assert [metric.name for metric in run_metrics_of(outcomes)] == ["gradient/reach", "seconds"]


def test_a_metric_of_runs_has_a_table_with_comparisons() -> None:
    outcomes = [
        outcome(cell, seed, 0.5, metrics={"gradient/reach": reach + seed})
        for cell, reach in (("lstm", 90.0), ("rnn", 10.0))
        for seed in range(5)
    ]
    table = ablation_table(outcomes, Study("lag", baseline="lstm", metrics=("accuracy", "gradient/reach")))
    accuracy, reach = table.task_tables
    assert [one.task for one in (accuracy, reach)] == ["sentiment · accuracy", "sentiment · gradient/reach"]
    titles = [column.title for column in reach.columns]
    assert titles[1] == "gradient/reach steps ↑"
    assert [row.texts[1] for row in reach.rows] == ["92.0 ± 2.0", "12.0 ± 2.0"]
    assert reach.rows[1].texts[titles.index("p (Holm)")] == "0.008"
    assert reach.rows[1].texts[titles.index("difference")].startswith("−80.0")
    assert [sorted(row.bold) for row in reach.rows] == [[1], []]
