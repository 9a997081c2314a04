"""The pages of a study in MLflow's web interface: its views, their addresses, and the text above the runs.

MLflow documents that an experiment has a description (the tag "mlflow.note.content"), and that a view of its runs can
be saved and opened by a link. It does not document the form of a saved view. This module writes that form as
MLflow 3.17 does, in one place. A later version that reads another form opens the plain list of runs.

    views    the saved views of a study, as tags of MLflow's experiment
    page     the address of a view
    note     the text above the runs, with links to the views and to the report
"""

import base64
import json
import re
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gatebench.task import Metric

CELLS, TRIALS = "gatebench", "gatebench-trials"
"""The keys of the two views in the addresses of MLflow's pages."""

VIEW_TAG = "mlflow.sharedViewState."
"""The start of the tags of saved views. The rest of the tag is the key of the view."""

NOTE_TAG = "mlflow.note.content"
RUN_COLOUR_TAG = "mlflow.runColor"
"""The tag with the colour of a run in MLflow's lists and charts, which MLflow sets when somebody chooses a colour."""

LONGEST_TAG = 20_000
"""The largest number of characters of a saved view and of the text above the runs."""

MOST_SCORES = 4
"""The largest number of headline metrics in a view, for studies of several tasks."""

MOST_GATE_COLUMNS = 18
MOST_TEST_COLUMNS = 8
MOST_GATE_CHARTS = 12
_SAVED_AT = 1_767_225_600_000  # milliseconds since 1970; MLflow's list of views needs a date

_GATE_METRIC = re.compile(r"gate/l(?P<layer>\d+)/(?P<role>[^/]+)/(?P<letter>[^/]+)/(?P<statistic>mean|left|right)")
_ROLES = ("keep", "write", "expose", "reset")
_STATISTICS = {"mean": "mean", "left": "share < 0.1", "right": "share > 0.9"}

Mode = Literal["table", "charts"]


@dataclass(frozen=True)
class StudyContent:
    """The content of a study that its views depend on.

    Attributes:
        scores: the headline metrics of the study's tasks. The runs are sorted by the first one.
        other_scores: the names of the other metrics of the tasks.
        groups: (task, cell) of all trials.
        metrics: the names of all final metrics of the study's outcomes, for example "gate/l0/keep/f/mean".
        params: the names of the params that differ between trials, for parallel coordinates.
        arm_params: the names of the params that separate the named arms of the study; empty without named arms.
        arm_values: the values of these params, for each of `groups`; "" for a param that a run lacks.
    """

    scores: tuple[Metric, ...]
    other_scores: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]
    metrics: frozenset[str]
    params: tuple[str, ...] = ()
    arm_params: tuple[str, ...] = ()
    arm_values: tuple[tuple[str, ...], ...] = ()


def page(experiment: str, view: str = CELLS, mode: Mode = "table") -> str:
    """Return the address of a view of a study, relative to that of MLflow's pages.

    The part `workflowType` selects MLflow's pages for model training; its default are those for language models.

    Args:
        experiment: MLflow's number of the experiment.
        view: the key of the view.
        mode: the list of runs, or the charts.
    """
    charts = "&compareRunsMode=CHART" if mode == "charts" else ""
    return f"#/experiments/{experiment}/runs?viewStateShareKey={view}&workflowType=machine_learning{charts}"


def study_page(experiment: str, tags: Collection[str]) -> str:
    """Return the address of a study: of its cells if it has the view of them, else of the plain list of its runs.

    Args:
        experiment: MLflow's number of the experiment.
        tags: the names of the experiment's tags. MLflow reports an error for the address of a view that is missing.
    """
    plain = f"#/experiments/{experiment}/runs?workflowType=machine_learning"
    return page(experiment) if f"{VIEW_TAG}{CELLS}" in tags else plain


def artifact_page(experiment: str, run: str, file: str) -> str:
    """Return the address of the page with a file of a run, relative to that of MLflow's pages."""
    return f"#/experiments/{experiment}/runs/{run}/artifacts/{file}?workflowType=machine_learning"


def note(experiment: str, title: str, report: str | None, table: str) -> str:
    """Return the text above the runs, in Markdown. MLflow shows its first line and folds the rest.

    Args:
        experiment: MLflow's number of the experiment.
        title: the question of the study, or its name.
        report: MLflow's id of the report run; None before there is one.
        table: the table of the study, in Markdown; "" before there is one.
    """
    links = {
        "Report with table and figures": report and artifact_page(experiment, report, "report.html"),
        "Cells": page(experiment),
        "Charts": page(experiment, TRIALS, "charts"),
    }
    heading = " ".join(title.split())
    first = " · ".join([f"**{heading}**", *(f"[{text}]({address})" for text, address in links.items() if address)])
    whole = f"{first}\n\n{table}".strip()
    return whole if len(whole) <= LONGEST_TAG else f"{first}\n\nThe table is in the report."


def views(content: StudyContent) -> dict[str, str]:
    """Return the tags of the study's saved views.

    The view "Cells" has one row for each cell (of each task, if there are several), with means over the seeds, the best
    validation score first. With named arms it is the view "Arms", with one row for each setting of the arms. A click on
    a row shows its trials. Its charts have one line for each row, with a band from the least to the greatest value;
    MLflow chooses the colours. The view "Trials" has a row for each trial. Its charts have one mark or line for each
    trial, in the colour of its cell.
    """
    rows = "Arms" if content.arm_params else "Cells"
    states = {CELLS: (rows, _cells_view(content)), TRIALS: ("Trials", _trials_view(content))}
    return {f"{VIEW_TAG}{key}": _envelope(name, state) for key, (name, state) in states.items()}


def _envelope(name: str, state: Mapping[str, Any]) -> str:
    """Return a view as MLflow keeps it, compressed as MLflow compresses long views.

    If it is too long all the same, because there are thousands of groups, the groups are left out: they are unfolded
    then.
    """
    compressed = zlib.compress(json.dumps(state, separators=(",", ":")).encode(), 9)
    content = "deflate;" + base64.b64encode(compressed).decode()
    envelope = json.dumps({"name": name, "createdAt": _SAVED_AT, "updatedAt": _SAVED_AT, "state": content})
    if len(envelope) <= LONGEST_TAG:
        return envelope
    return _envelope(name, {key: value for key, value in state.items() if key != "groupsExpanded"})


def _cells_view(content: StudyContent) -> dict[str, Any]:
    means = _gate_metrics(content, ["mean"])[:MOST_GATE_CHARTS]
    charts = [_bar(name, "Scores") for name in (*_validation(content), "parameters", "seconds")]
    charts += [_line(name, "Curves") for name in _curves(content)]
    charts += [_line(name, "Gates", _gate_title(name)) for name in means]
    one_task = len({task for task, _ in content.groups}) == 1
    keys = [("tag", key) for key in (["cell"] if one_task else ["task", "cell"])]
    keys += [("param", name) for name in content.arm_params]
    values = content.arm_values or ((),) * len(content.groups)
    return {
        **_table(content),
        "groupBy": {"aggregateFunction": "average", "groupByKeys": [_group_key(*key) for key in keys]},
        "groupsExpanded": {
            _group_id(keys, dict(zip(("task", "cell", *content.arm_params), (*group, *own), strict=True))): False
            for group, own in zip(content.groups, values, strict=True)
        },
        "useGroupedValuesInCharts": True,
        **_charts(charts, ("Scores", "Curves", "Gates")),
    }


def _trials_view(content: StudyContent) -> dict[str, Any]:
    scores = _validation(content)
    means = [f"best/{name}" for name in _gate_metrics(content, ["mean"])]
    keeps = [name for name in means if name.split("/")[3] == "keep"]
    charts = [_bar(name, "Scores") for name in scores]
    charts += [_scatter(size, name, "Scores") for name in scores for size in ("parameters", "seconds")]
    charts += [_line(name, "Curves") for name in _curves(content)]
    gates = [_scatter(keep, name, "Gates", _gate_title(keep)) for name in scores for keep in keeps]
    charts += gates[:MOST_GATE_CHARTS]
    params = ("cell.name", *content.params)
    charts += [_parallel(params, ("parameters", name), "Parallel coordinates") for name in scores]
    return {
        **_table(content),
        "groupBy": None,
        "useGroupedValuesInCharts": False,
        **_charts(charts, ("Scores", "Curves", "Gates", "Parallel coordinates")),
    }


def _validation(content: StudyContent) -> list[str]:
    """Return the names of the validation scores at the best epoch."""
    return [f"best/val/{score.name}" for score in content.scores][:MOST_SCORES]


def _curves(content: StudyContent) -> list[str]:
    return [*(f"val/{score.name}" for score in content.scores[:MOST_SCORES]), "train/loss"]


def _table(content: StudyContent) -> dict[str, Any]:
    """Return the columns and the order of the rows: by the validation score. The test scores come last."""
    gates = [f"best/{name}" for name in _gate_metrics(content, list(_STATISTICS))][:MOST_GATE_COLUMNS]
    tests = [f"test/{name}" for name in (*(score.name for score in content.scores), *content.other_scores)]
    tests = list(dict.fromkeys(tests))[:MOST_TEST_COLUMNS]
    metrics = [*_validation(content), *gates, "parameters", "seconds", *tests]
    columns = [_column("metrics", name) for name in metrics]
    columns += [_column("tags", "seed"), _column("tags", "status"), _column("attributes", "Dataset")]
    widths = {_column("attributes", "Run Name"): 240, **{column: max(100, 6 * len(column) - 30) for column in columns}}
    return {
        "selectedColumns": columns,
        "columnOrder": list(widths),
        "columnWidths": widths,
        "orderByKey": columns[0],
        "orderByAsc": content.scores[0].direction == "min",
        "runsHiddenMode": "SHOW_ALL",
        "searchFilter": "tags.cell_digest != ''",  # the runs of trials: without the report and the user's own runs
    }


def _gate_metrics(content: StudyContent, statistics: Sequence[str]) -> list[str]:
    """Return the names of gate metrics: all means before the shares; those of gates that keep before the others."""
    matches = filter(None, map(_GATE_METRIC.fullmatch, content.metrics))
    chosen = [m for m in matches if m["role"] in _ROLES and m["statistic"] in statistics]

    def position(m: re.Match[str]) -> tuple[bool, int, int, str, int]:
        is_share = m["statistic"] != "mean"
        return is_share, _ROLES.index(m["role"]), int(m["layer"]), m["letter"], statistics.index(m["statistic"])

    return [match.string for match in sorted(chosen, key=position)]


def _gate_title(name: str) -> str:
    """Return the title of a gate's chart: "keep (1 − z), layer 0, mean"."""
    match = _GATE_METRIC.fullmatch(name.removeprefix("best/"))
    assert match is not None
    letter = match["letter"].replace("-", " − ")
    return f"{match['role']} ({letter}), layer {match['layer']}, {_STATISTICS[match['statistic']]}"


def _group_key(mode: str, name: str) -> dict[str, str]:
    return {"mode": mode, "groupByData": name}


def _group_id(keys: Iterable[tuple[str, str]], values: Mapping[str, str]) -> str:
    """Return MLflow's name of a group of runs. Groups that a view does not name are unfolded."""
    return ",".join(f"{mode}.{name}.{values[name]}" for mode, name in keys)


def _column(kind: str, name: str) -> str:
    return f"{kind}.`{name}`"


def _charts(charts: Collection[Mapping[str, Any]], sections: Iterable[str]) -> dict[str, Any]:
    used = {chart["metricSectionId"] for chart in charts}
    return {
        "compareRunCharts": list(charts),
        "compareRunSections": [
            {"uuid": name, "name": name, "display": True, "isReordered": True} for name in sections if name in used
        ],
        "isAccordionReordered": True,
    }


def _chart(kind: str, key: str, section: str, title: str) -> dict[str, Any]:
    return {
        "uuid": f"{kind}-{key}",
        "type": kind,
        "metricSectionId": section,
        "displayName": title,
        "isGenerated": False,
        "deleted": False,
        "runsCountToCompare": 100,
    }


def _bar(metric: str, section: str) -> dict[str, Any]:
    return {**_chart("BAR", metric, section, metric), "metricKey": metric}


def _line(metric: str, section: str, title: str = "") -> dict[str, Any]:
    axes = {"scaleType": "linear", "xAxisScaleType": "linear", "xAxisKey": "step", "yAxisKey": "metric"}
    rest = {"lineSmoothness": 0, "range": {}, "yAxisExpressions": [], "useGlobalXaxisKey": True}
    return {**_chart("LINE", metric, section, title or metric), "metricKey": metric, **axes, **rest}


def _scatter(x: str, y: str, section: str, title: str = "") -> dict[str, Any]:
    chart = _chart("SCATTER", f"{x}-{y}", section, f"{y} against {title or x}")
    return {**chart, "xaxis": {"key": x, "type": "METRIC"}, "yaxis": {"key": y, "type": "METRIC"}}


def _parallel(params: Sequence[str], metrics: Sequence[str], section: str) -> dict[str, Any]:
    chart = _chart("PARALLEL", metrics[-1], section, f"Settings and {metrics[-1]}")
    return {**chart, "selectedParams": list(params), "selectedMetrics": list(metrics), "showAllRuns": True}
