"""What MLflow's pages open a study with: the columns, the groups and the charts that an ablation is read by."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from gatebench.task import Metric

KEY = "gatebench"
"""The name of the view in the addresses of MLflow's pages."""

MOST_GATES = 24  # charts; MLflow keeps no more than 20,000 characters of a view
_GATE = re.compile(r"gate/(?P<layer>[^/]+)/(?P<gate>[^/]+)/mean")
_SECTIONS = ("Results", "Training", "Gates")
_LINE = {"scaleType": "linear", "xAxisScaleType": "linear", "xAxisKey": "step", "yAxisKey": "metric"}
_OPEN = {"lineSmoothness": 0, "range": {}, "yAxisExpressions": [], "useGlobalXaxisKey": True}


def page(experiment: str) -> str:
    """Return the address of a study below that of MLflow's pages."""
    return f"#/experiments/{experiment}/runs?viewStateShareKey={KEY}&workflowType=machine_learning"


def study_view(score: Metric, figures: Collection[str]) -> str:
    """Return the state of MLflow's page, as it keeps shared views: runs grouped by cell, the best ones first.

    Args:
        score: the headline metric.
        figures: the names of all final figures of the study's outcomes.
    """
    gates = [match for match in map(_GATE.fullmatch, sorted(figures)) if match][:MOST_GATES]
    ends = [f"test/{score.name}", f"best/val/{score.name}", *(f"best/{gate.string}" for gate in gates)]
    columns = [_column("metrics", name) for name in [*ends, "parameters", "seconds"]]
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
    shown = {"displayName": title, "isGenerated": False, "deleted": False, "runsCountToCompare": 100}
    return chart | shown | (_LINE | _OPEN if kind == "LINE" else {})
