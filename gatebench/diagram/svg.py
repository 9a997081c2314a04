"""A diagram as an SVG picture without references to other files. Lengths are in pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from math import sqrt
from textwrap import wrap

from gatebench.diagram.diagram import Diagram, Edge, Node
from gatebench.diagram.layered_layout import LayeredLayout, Point, Size, layered_layout

STROKES = {
    "input": ("#2563eb", "", "W, from the input"),
    "recurrent": ("#c2410c", "9 3", "R, from the last step"),
    "peephole": ("#15803d", "5 4", "p, a peephole"),
    "gates": ("#7e22ce", "2 3", "R, from gates of the last step"),
    "pointwise": ("#1e293b", "", "pointwise"),
}
"""The colour, the dashes (`stroke-dasharray`) and the meaning of each kind of edge."""

FILLS = {"input": "#eef2f7", "gate": "#fef3c7", "op": "#ffffff", "state": "#d1fae5"}
INK, GREY, PALE = "#1e293b", "#a3abb8", "#f5f6f8"

_MARGIN = 28.0
_TITLE_HEIGHT, _REMARK_HEIGHT, _LEGEND_HEIGHT = 44.0, 18.0, 46.0
_SMALLEST_WIDTH = 560.0


def svg(diagram: Diagram) -> str:
    """Return the diagram as an SVG picture on white."""
    sizes = _sizes(diagram)
    edges = [(e.source, e.target, f"{e.kind} {e.ablated}") for e in diagram.edges]
    inputs = {name for name, node in diagram.nodes.items() if node.kind == "input"}
    read = {e.source for e in diagram.edges}
    unread_states = {name for name, node in diagram.nodes.items() if node.kind == "state" and name not in read}
    layout = layered_layout(sizes, edges, inputs, unread_states)
    legend = _legend(diagram)
    legend_width = sum(_legend_entry_width(meaning) for _, _, meaning in legend)
    width = max(layout.size[0], _SMALLEST_WIDTH, legend_width) + 2 * _MARGIN
    remarks = [line for remark in diagram.remarks for line in wrap(remark, int(width / 7))]
    top = _MARGIN + _TITLE_HEIGHT + _REMARK_HEIGHT * len(remarks)
    height = top + layout.size[1] + _LEGEND_HEIGHT + _MARGIN
    left = (width - layout.size[0]) / 2
    texts = [
        f'<text x="{_MARGIN:g}" y="{_MARGIN + 14:g}" font-size="19" font-weight="600">{escape(diagram.title)}</text>'
    ]
    texts += [
        f'<text x="{_MARGIN:g}" y="{_MARGIN + 36 + _REMARK_HEIGHT * i:g}" font-size="13" fill="#64748b">'
        f"{escape(line)}</text>"
        for i, line in enumerate(remarks)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" font-family="system-ui, Helvetica, Arial, sans-serif" fill="{INK}" role="img">',
            f"<title>{escape(diagram.title)}</title>",
            f"<defs>{''.join(map(_arrow, sorted({colour_of(e) for e in diagram.edges})))}</defs>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *texts,
            f'<g transform="translate({left:.1f} {top:.1f})">',
            *_edges(diagram, layout, sizes),
            *(_node(node, layout.centres[name], sizes[name]) for name, node in diagram.nodes.items()),
            "</g>",
            *_legend_elements(legend, height - _MARGIN),
            "</svg>\n",
        ]
    )


def colour_of(edge: Edge) -> str:
    """Return the colour of an edge, grey if it is ablated."""
    return GREY if edge.ablated else STROKES[edge.kind][0]


def meaning_of(edge: Edge) -> str:
    """Return the text of an edge: its weight, or its kind if it has none; and whether it is ablated."""
    return f"{edge.weight or edge.kind}{', ablated' * edge.ablated}"


def _sizes(diagram: Diagram) -> dict[str, Size]:
    """Return the size of each node: wide enough for its text, high enough for the edges that end at it."""
    arriving = Counter(edge.target for edge in diagram.edges)
    sizes: dict[str, Size] = {}
    for name, node in diagram.nodes.items():
        if node.kind == "op":
            width = max(30.0, 9.0 * len(node.label) + 12)
            sizes[name] = (width, 30.0)
        else:
            width = max(60.0, 9.0 * len(node.label) + 18, 7.0 * len(node.inside) + 16)
            smallest_height = 46.0 if node.kind == "gate" else 36.0
            sizes[name] = (width, max(smallest_height, 12.0 * arriving[name] + 8))
    return sizes


def _node(node: Node, centre: Point, size: Size) -> str:
    x, y = centre
    width, height = size
    fill, ink = (PALE, GREY) if node.ablated else (FILLS[node.kind], INK)
    dashes = ' stroke-dasharray="4 3"' if node.ablated else ""
    stroke_width = 1.8 if node.kind == "state" else 1.2
    corner_radius = {"gate": 7, "state": 7}.get(node.kind, height / 2)
    shift = 9.0 if node.inside else 0.0
    texts = [f'<text x="{x:.1f}" y="{y + 5 - shift:.1f}" font-size="15" fill="{ink}">{_label(node)}</text>']
    if node.inside:
        texts.append(f'<text x="{x:.1f}" y="{y + 14:.1f}" font-size="12" fill="{ink}">{escape(node.inside)}</text>')
    return (
        f'<g class="{node.kind}{" ablated" * node.ablated}" data-name="{escape(node.name)}" text-anchor="middle">'
        f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="{corner_radius:g}" fill="{fill}" stroke="{ink}" stroke-width="{stroke_width}"{dashes}/>'
        f"{''.join(texts)}</g>"
    )


def _label(node: Node) -> str:
    """Return the label; the time of a dated name, e.g. t-1 of "c[t-1]", as a subscript."""
    name, bracket, time = node.label.partition("[")
    if node.kind not in ("input", "state") or not bracket:
        return escape(node.label)
    return f'{escape(name)}<tspan dy="4" font-size="11">{escape(time.rstrip("]").replace("-", "−"))}</tspan>'


def _edges(diagram: Diagram, layout: LayeredLayout, sizes: dict[str, Size]) -> list[str]:
    """Return the edges; the ablated ones come first, so that the others are drawn over them."""
    drawn = []
    for edge, points in zip(diagram.edges, layout.routes, strict=True):
        if diagram.nodes[edge.target].kind == "op":
            points = (*points[:-1], _on_rim(points[-1], layout.centres[edge.target], sizes[edge.target]))
        colour, dashes = colour_of(edge), STROKES[edge.kind][1]
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        stroke_width = 1.1 if edge.ablated else 1.8 if edge.kind == "pointwise" else 1.4
        path = (
            f'<path class="{edge.kind}{" ablated" * edge.ablated}" d="{_path(points)}" fill="none" stroke="{colour}" '
            f'stroke-width="{stroke_width}"{style} marker-end="url(#{_marker(colour)})">'
            f"<title>{escape(meaning_of(edge))}</title></path>"
        )
        drawn.append((not edge.ablated, path))
    return [path for _, path in sorted(drawn, key=lambda pair: pair[0])]


def _on_rim(end: Point, centre: Point, size: Size) -> Point:
    """Return the point at the same height on the round left side of an operation."""
    radius = size[1] / 2
    return end[0] + radius - sqrt(max(radius**2 - (end[1] - centre[1]) ** 2, 0.0)), end[1]


def _path(points: Sequence[Point]) -> str:
    """Return a path of lines and cubic Bézier curves that is horizontal at each point."""
    (x, y), *others = points
    path = f"M{x:.1f} {y:.1f}"
    for next_x, next_y in others:
        if y == next_y:
            path += f"L{next_x:.1f} {next_y:.1f}"
        else:
            middle = (x + next_x) / 2
            path += f"C{middle:.1f} {y:.1f} {middle:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}"
        x, y = next_x, next_y
    return path


def _marker(colour: str) -> str:
    return f"to-{colour[1:]}"


def _arrow(colour: str) -> str:
    return (
        f'<marker id="{_marker(colour)}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.8L8 4L0 7.2Z" fill="{colour}"/></marker>'
    )


def _legend(diagram: Diagram) -> list[tuple[str, str, str]]:
    """Return the colour, the dashes and the meaning of each kind of edge in the diagram, and of ablated parts."""
    kinds = {edge.kind for edge in diagram.edges}
    legend = [stroke for kind, stroke in STROKES.items() if kind in kinds]
    if any(node.ablated for node in diagram.nodes.values()) or any(edge.ablated for edge in diagram.edges):
        legend.append((GREY, "", "ablated"))
    return legend


def _legend_elements(legend: Sequence[tuple[str, str, str]], y: float) -> list[str]:
    elements = []
    x = _MARGIN
    for colour, dashes, meaning in legend:
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        elements.append(f'<path d="M{x:g} {y - 4:.1f}h30" stroke="{colour}" stroke-width="1.8"{style}/>')
        elements.append(f'<text x="{x + 38:g}" y="{y:.1f}" font-size="12">{escape(meaning)}</text>')
        x += _legend_entry_width(meaning)
    return elements


def _legend_entry_width(meaning: str) -> float:
    return 64 + 6.6 * len(meaning)
