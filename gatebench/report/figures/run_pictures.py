"""The pictures of one trial, as SVG: its curves over the epochs, and the histograms of its gates."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from gatebench.colours import PALETTE
from gatebench.measures.gate_file import GateFile, UnitStatistics
from gatebench.report.figures.svg_panel import Panel, picture, value_range
from gatebench.task import Metric

BLUE, ORANGE = PALETTE[0], PALETTE[3]
MOST_GATES = 24
"""The largest number of histograms in a picture; further gates are left out."""

_KEEP_MEAN = re.compile(r"gate/l(?P<layer>\d+)/(?P<role>keep|write|expose|reset)/(?P<letter>[^/]+)/mean")
SMALL = (280.0, 220.0)
_DASHES = ("", "7 3", "2 3", "9 3 2 3")

Curve = Sequence[Mapping[str, float]]
"""The metrics of each epoch, by name."""


def curves(title: str, epochs: Curve, metric: Metric) -> str:
    """Return the curves of a trial: its validation score, its training loss, and the means of its gates.

    Args:
        title: the title.
        epochs: the metrics of each epoch. An epoch without a metric, or with one that is not finite, is a gap.
        metric: the headline metric. The best epoch is marked.
    """
    panels = [_score_panel(epochs, metric), _curve_panel("training loss", epochs, {"train/loss": ""})]
    names = sorted({name for epoch in epochs for name in epoch if _KEEP_MEAN.fullmatch(name)})
    if names:
        panels.append(_curve_panel("means of the gates (validation)", epochs, _labels(names[:8])))
    return picture(title, panels)


def gate_histograms(title: str, file: GateFile, split: str = "val") -> str | None:
    """Return the histogram of each gate over all units and steps, and the gradient over the lag if it was measured.

    The ticks below an axis are the means of the units. A dashed line is the mean over all units.

    Args:
        title: the title.
        file: the gate arrays of a trial.
        split: "val" for the best epoch, or "test".

    Returns:
        The picture; None if the file has neither gates of this split nor gradients.
    """
    gates = file.splits[split].gates if split in file.splits else {}
    roles: dict[str, list[str]] = {}
    for key in file.roles:
        name, _, letter = key.partition("/")
        roles.setdefault(letter.removeprefix("1-"), []).append(f"{name} ({letter.replace('-', ' − ')})")
    panels = [
        _histogram(f"layer {layer}, {gate}: {', '.join(roles.get(gate, ['no role']))}", statistics)
        for (layer, gate), statistics in list(gates.items())[:MOST_GATES]
    ]
    if file.lags is not None and file.gradient_norms is not None and file.lags.size:
        panels.append(_gradient_panel(file.lags.tolist(), file.gradient_norms.tolist()))
    return picture(title, panels, columns=4) if panels else None


def _score_panel(epochs: Curve, metric: Metric) -> Panel:
    name = f"val/{metric.name}"
    panel = _curve_panel(f"validation {metric.name}", epochs, {name: ""})
    points = [(index, epoch[name]) for index, epoch in enumerate(epochs) if np.isfinite(epoch.get(name, np.nan))]
    if points:
        sign = 1 if metric.direction == "max" else -1
        best, value = max(points, key=lambda point: sign * point[1])
        panel.mark(best, value, ORANGE, 4.5)
        panel.subtitle(f"best: {value:.4g} in epoch {best}")
    return panel


def _curve_panel(title: str, epochs: Curve, names: Mapping[str, str]) -> Panel:
    lines = {name: [(float(i), epoch.get(name, np.nan)) for i, epoch in enumerate(epochs)] for name in names}
    bounds = value_range(value for points in lines.values() for _, value in points)
    panel = Panel(title, (0.0, max(len(epochs) - 1.0, 1.0)), bounds, "epoch", whole_x=True)
    for index, points in enumerate(lines.values()):
        colour = PALETTE[index % len(PALETTE)]
        panel.line(points, colour, _DASHES[index % len(_DASHES)])
        label = list(names.values())[index]
        if label and points:
            panel.label_line(points, label, colour)
    return panel


def _labels(names: Sequence[str]) -> dict[str, str]:
    matches = {name: _KEEP_MEAN.fullmatch(name) for name in names}
    layers = {match["layer"] for match in matches.values() if match}
    return {
        name: f"{match['role']} {match['letter']}" + (f" l{match['layer']}" if len(layers) > 1 else "")
        for name, match in matches.items()
        if match
    }


def _histogram(title: str, statistics: UnitStatistics) -> Panel:
    counts = statistics.histogram.sum(axis=0).astype(float)
    total = counts.sum()
    shares = counts / total if total else counts
    edges = finite_edges(statistics.edges.tolist())
    panel = Panel(
        title,
        (edges[0], edges[-1]),
        (0.0, 1.05 * max(float(shares.max()), 1e-3)),
        "value",
        width=SMALL[0],
        height=SMALL[1],
    )
    panel.bars(edges, shares.tolist(), BLUE)
    panel.rug(statistics.mean.tolist(), ORANGE)
    mean = float(statistics.mean.mean())
    panel.vertical(mean, ORANGE)
    words = f"mean {mean:.3f}"
    if statistics.left is not None and statistics.right is not None:
        words += f"; {float(statistics.left.mean()):.1%} < 0.1, {float(statistics.right.mean()):.1%} > 0.9"
    panel.subtitle(words)
    return panel


def finite_edges(edges: list[float]) -> list[float]:
    """Return the edges with finite ones in place of -inf and inf, one bin further out."""
    step = edges[2] - edges[1] if len(edges) > 3 else 1.0
    first = edges[1] - step if np.isinf(edges[0]) else edges[0]
    last = edges[-2] + step if np.isinf(edges[-1]) else edges[-1]
    return [first, *edges[1:-1], last]


def _gradient_panel(lags: list[float], norms: list[float]) -> Panel:
    with np.errstate(divide="ignore"):
        logs = np.log10(np.asarray(norms, dtype=float)).tolist()
    bounds = value_range(logs)
    x = (min(lags), max(max(lags), min(lags) + 1.0))
    panel = Panel("log₁₀ ‖∂loss/∂h[t]‖", x, bounds, "lag T − t", whole_x=True, width=SMALL[0], height=SMALL[1])
    panel.line(list(zip(lags, logs, strict=True)), BLUE)
    return panel
