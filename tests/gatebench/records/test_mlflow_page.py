import json

from gatebench.records.mlflow_page import KEY, MOST_GATES, page, study_view
from gatebench.task import Metric

FIGURES = {"test/accuracy", "gate/l0/f/mean", "gate/l0/f/std", "gate/l1/i/mean", "seconds"}


def test_runs_are_grouped_by_cell_and_the_best_come_first() -> None:
    view = json.loads(study_view(Metric("accuracy", "max"), FIGURES))
    assert view["orderByKey"] == "metrics.`test/accuracy`"
    assert view["orderByAsc"] is False
    assert view["groupBy"]["groupByKeys"] == [{"mode": "tag", "groupByData": "cell"}]
    assert json.loads(study_view(Metric("perplexity", "min"), FIGURES))["orderByAsc"] is True


def test_gates_stand_beside_the_score() -> None:
    view = json.loads(study_view(Metric("accuracy", "max"), FIGURES))
    assert {"metrics.`best/gate/l0/f/mean`", "metrics.`best/gate/l1/i/mean`"} < set(view["selectedColumns"])
    assert "metrics.`best/gate/l0/f/std`" not in view["selectedColumns"]
    charts = {chart["metricKey"]: chart for chart in view["compareRunCharts"]}
    assert charts["gate/l0/f/mean"]["type"] == "LINE"
    assert charts["test/accuracy"]["type"] == "BAR"
    assert {c["metricSectionId"] for c in charts.values()} == {s["uuid"] for s in view["compareRunSections"]}
    assert len({chart["uuid"] for chart in charts.values()}) == len(charts)


def test_a_view_of_many_gates_stays_within_what_mlflow_keeps() -> None:
    many = {f"gate/l{layer}/a_long_gate_name/mean" for layer in range(100)}
    state = study_view(Metric("accuracy", "max"), many)
    assert len(state) <= 20_000
    assert state.count('"Gates","displayName"') == MOST_GATES


def test_the_page_opens_with_the_view() -> None:
    assert page("7") == f"#/experiments/7/runs?viewStateShareKey={KEY}&workflowType=machine_learning"
