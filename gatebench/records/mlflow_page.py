"""The view of a study on MLflow's web pages: its columns, its groups and its charts."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from gatebench.task import Metric

KEY = "gatebench"
"""The name of the view in the addresses of MLflow's pages."""

MOST_GATES = 24
"""The largest number of charts of gates. MLflow keeps at most 20,000 characters of a view."""

_GATE_MEAN = re.compile(r"gate/(?P<layer>[^/]+)/(?P<gate>[^/]+)/mean")
_SECTIONS = ("Results", "Training", "Gates")
_LINE_CHART = {
    "scaleType": "linear",
    "xAxisScaleType": "linear",
    "xAxisKey": "step",
    "yAxisKey": "metric",
    "lineSmoothness": 0,
    "range": {},
    "yAxisExpressions": [],
    "useGlobalXaxisKey": True,
}


def page(experiment: str) -> str:
    """Return the address of a study's page, relative to that of MLflow's pages.

    Args:
        experiment: MLflow's number of the experiment.
    """
    return f"#/experiments/{experiment}/runs?viewStateShareKey={KEY}&workflowType=machine_learning"


def study_view(score: Metric, metrics: Collection[str]) -> str:
    """Return the view as JSON, in the form in which MLflow stores shared views.

    The runs are grouped by cell, and the best ones are first.

    Args:
        score: the headline metric.
        metrics: the names of all final metrics of the study's outcomes.
    """
    gates = [match for match in map(_GATE_MEAN.fullmatch, sorted(metrics)) if match][:MOST_GATES]
    scores = [f"test/{score.name}", f"best/val/{score.name}", *(f"best/{gate.string}" for gate in gates)]
    columns = [_column("metrics", name) for name in [*scores, "parameters", "seconds"]]
    columns += [_column("tags", name) for name in ("task", "seed", "status")]
    charts = [_chart("BAR", name, "Results", name) for name in (f"test/{score.name}", "parameters", "seconds")]
    charts += [_chart("LINE", name, "Training", name) for name in (f"val/{score.name}", "train/loss")]
    charts += [_chart("LINE", g.string, "Gates", f"{g['gate']} (layer {g['layer']}), mean") for g in gates]
    state = {
        "selectedColumns": columns,
        **_widths({_column("attributes", "Run Name"): 260, **dict.fromkeys(columns, 150)}),
        "orderByKey": columns[0],
        "orderByAsc": score.direction == "min",
        "groupBy": {"aggregateFunction": "average", "groupByKeys": [{"mode": "tag", "groupByData": "cell"}]},
        "runsHiddenMode": "SHOW_ALL",
        "compareRunSections": _sections(_SECTIONS),
        "compareRunCharts": charts,
        "isAccordionReordered": True,
    }
    return json.dumps(state, separators=(",", ":"))


def _column(kind: str, name: str) -> str:
    return f"{kind}.`{name}`"


def _widths(widths: Mapping[str, int]) -> dict[str, Any]:
    return {"columnOrder": list(widths), "columnWidths": dict(widths)}


def _sections(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"uuid": name, "name": name, "display": True, "isReordered": True} for name in names]


def _chart(kind: str, metric: str, section: str, title: str) -> dict[str, Any]:
    chart = {"uuid": f"{kind}-{metric}", "type": kind, "metricKey": metric, "metricSectionId": section}
    display = {"displayName": title, "isGenerated": False, "deleted": False, "runsCountToCompare": 100}
    return chart | display | (_LINE_CHART if kind == "LINE" else {})
