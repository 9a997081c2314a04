import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest

from gatebench.records.mlflow_page import (
    CELLS,
    LONGEST_TAG,
    MOST_GATE_CHARTS,
    TRIALS,
    VIEW_TAG,
    StudyContent,
    artifact_page,
    note,
    page,
    study_page,
    views,
)
from gatebench.task import Metric

METRICS = {
    "test/accuracy",
    "gate/l0/write/i/mean",
    "gate/l0/keep/f/mean",
    "gate/l0/keep/f/right",
    "gate/l0/keep/f/std",
    "gate/l1/keep/1-z/mean",
    "gate/l0/candidate/g/mean",
    "gate/l0/keep/f/tau/p90",
    "seconds",
}
CONTENT = StudyContent(
    scores=(Metric("accuracy", "max"),),
    other_scores=("loss",),
    groups=(("digits", "lstm"), ("digits", "gru")),
    metrics=frozenset(METRICS),
    params=("cell.ablate.i.fix",),
)


def state(key: str, content: StudyContent = CONTENT) -> dict[str, Any]:
    envelope = json.loads(views(content)[f"{VIEW_TAG}{key}"])
    assert set(envelope) == {"name", "createdAt", "updatedAt", "state"}
    kind, _, compressed = envelope["state"].partition(";")
    assert kind == "deflate"
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(compressed)))
    return found


@pytest.mark.parametrize("key", [CELLS, TRIALS])
def test_the_best_on_validation_come_first_and_the_test_score_is_a_late_column(key: str) -> None:
    view = state(key)
    columns = view["selectedColumns"]
    assert view["orderByKey"] == columns[0] == "metrics.`best/val/accuracy`"
    assert view["orderByAsc"] is False
    assert view["searchFilter"] == "tags.cell_digest != ''"
    assert columns.index("metrics.`test/accuracy`") > columns.index("metrics.`seconds`")
    assert "metrics.`test/loss`" in columns
    smaller = state(key, replace(CONTENT, scores=(Metric("perplexity", "min"),)))
    assert smaller["orderByKey"] == "metrics.`best/val/perplexity`"
    assert smaller["orderByAsc"] is True


def test_roles_and_saturation_are_columns_and_those_that_keep_come_first() -> None:
    gates = [column for column in state(CELLS)["selectedColumns"] if "gate/" in column]
    assert gates == [
        "metrics.`best/gate/l0/keep/f/mean`",
        "metrics.`best/gate/l1/keep/1-z/mean`",
        "metrics.`best/gate/l0/write/i/mean`",
        "metrics.`best/gate/l0/keep/f/right`",
    ]


def test_cells_are_folded_groups() -> None:
    view = state(CELLS)
    assert view["groupBy"] == {"aggregateFunction": "average", "groupByKeys": [{"mode": "tag", "groupByData": "cell"}]}
    assert view["groupsExpanded"] == {"tag.cell.lstm": False, "tag.cell.gru": False}
    several = state(CELLS, replace(CONTENT, groups=(("digits", "lstm"), ("parity", "lstm"))))
    assert [key["groupByData"] for key in several["groupBy"]["groupByKeys"]] == ["task", "cell"]
    assert set(several["groupsExpanded"]) == {"tag.task.digits,tag.cell.lstm", "tag.task.parity,tag.cell.lstm"}


def test_named_arms_are_groups_of_their_settings() -> None:
    key, values = "training.momentum", (("0.9",), ("",))
    content = replace(CONTENT, arm_params=(key,), arm_values=values)
    view = state(CELLS, content)
    assert view["groupBy"]["groupByKeys"][1] == {"mode": "param", "groupByData": key}
    assert set(view["groupsExpanded"]) == {f"tag.cell.lstm,param.{key}.0.9", f"tag.cell.gru,param.{key}."}
    assert json.loads(views(content)[f"{VIEW_TAG}{CELLS}"])["name"] == "Arms"


def test_trials_are_marks_in_scatter_charts_and_lines_in_parallel_coordinates() -> None:
    view = state(TRIALS)
    assert view["groupBy"] is None
    scatters = [chart for chart in view["compareRunCharts"] if chart["type"] == "SCATTER"]
    axes = [(chart["xaxis"]["key"], chart["yaxis"]["key"]) for chart in scatters]
    assert ("parameters", "best/val/accuracy") in axes
    assert ("best/gate/l0/keep/f/mean", "best/val/accuracy") in axes
    assert ("best/gate/l0/write/i/mean", "best/val/accuracy") not in axes
    (parallel,) = (chart for chart in view["compareRunCharts"] if chart["type"] == "PARALLEL")
    assert parallel["selectedParams"] == ["cell.name", "cell.ablate.i.fix"]


@pytest.mark.parametrize("key", [CELLS, TRIALS])
def test_every_chart_has_its_own_name_and_a_section(key: str) -> None:
    view = state(key)
    charts, sections = view["compareRunCharts"], view["compareRunSections"]
    assert len({chart["uuid"] for chart in charts}) == len(charts)
    assert {chart["metricSectionId"] for chart in charts} == {section["uuid"] for section in sections}


def test_tasks_with_different_metrics_have_a_column_and_charts_each() -> None:
    both = replace(CONTENT, scores=(Metric("accuracy", "max"), Metric("mse", "min")), other_scores=("mse", "loss"))
    columns = state(CELLS, both)["selectedColumns"]
    assert columns[:2] == ["metrics.`best/val/accuracy`", "metrics.`best/val/mse`"]
    assert columns.count("metrics.`test/mse`") == 1
    bars = [chart["metricKey"] for chart in state(TRIALS, both)["compareRunCharts"] if chart["type"] == "BAR"]
    assert bars == ["best/val/accuracy", "best/val/mse"]
    lines = [chart["metricKey"] for chart in state(CELLS, both)["compareRunCharts"] if chart["type"] == "LINE"]
    assert lines[:3] == ["val/accuracy", "val/mse", "train/loss"]


def test_the_curves_of_gates_are_named_by_role() -> None:
    titles = {chart["displayName"] for chart in state(CELLS)["compareRunCharts"]}
    assert {"keep (f), layer 0, mean", "keep (1 − z), layer 1, mean"} < titles


def test_before_the_first_trial_there_is_a_view_without_gates() -> None:
    view = state(CELLS, replace(CONTENT, metrics=frozenset()))
    assert [section["name"] for section in view["compareRunSections"]] == ["Scores", "Curves"]


def test_views_of_many_gates_stay_within_what_mlflow_keeps() -> None:
    many = frozenset(f"gate/l{layer}/keep/{'f' * 30}/{s}" for layer in range(100) for s in ("mean", "left"))
    cells = tuple(("digits", f"lstm_without_something_{index}") for index in range(60))
    scores = tuple(Metric(f"a long name of a score {index}", "max") for index in range(20))
    tags = views(replace(CONTENT, scores=scores, metrics=many, groups=cells))
    assert all(len(tag) <= LONGEST_TAG for tag in tags.values())
    thousands = tuple((f"task {index * 7919 % 10007}", f"cell {index * 104729}") for index in range(20_000))
    assert len(views(replace(CONTENT, groups=thousands))[f"{VIEW_TAG}{CELLS}"]) <= LONGEST_TAG
    assert "groupsExpanded" not in state(CELLS, replace(CONTENT, groups=thousands))
    charts = state(CELLS, replace(CONTENT, metrics=many))["compareRunCharts"]
    assert sum(chart["metricSectionId"] == "Gates" for chart in charts) == MOST_GATE_CHARTS


def test_addresses_select_the_pages_for_model_training() -> None:
    assert page("7") == "#/experiments/7/runs?viewStateShareKey=gatebench&workflowType=machine_learning"
    assert study_page("7", {"gatebench.study": "{}"}) == "#/experiments/7/runs?workflowType=machine_learning"
    assert study_page("7", views(CONTENT)) == page("7")
    assert page("7", TRIALS, "charts").endswith("&workflowType=machine_learning&compareRunsMode=CHART")
    assert artifact_page("7", "a1", "report.html").startswith("#/experiments/7/runs/a1/artifacts/report.html")


def test_the_first_line_of_the_text_has_the_links() -> None:
    first, _, rest = note("7", "Which\ngate?", "a1", "| a table |").partition("\n\n")
    assert first.startswith("**Which gate?** · [Report with table and figures](#/experiments/7/runs/a1/artifacts/")
    assert first.count("](#/experiments/7/") == 3
    assert rest == "| a table |"
    assert "Report" not in note("7", "demo", None, "")


def test_a_table_that_is_too_long_for_mlflow_is_left_to_the_report() -> None:
    text = note("7", "demo", "a1", "x" * 30_000)
    assert len(text) < 1000
    assert text.endswith("The table is in the report.")
