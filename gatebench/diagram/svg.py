"""A diagram as an SVG picture, complete in itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from math import sqrt
from textwrap import wrap

from gatebench.diagram.diagram import Diagram, Edge, Node
from gatebench.diagram.layered_layout import LayeredLayout, Point, layered_layout

STROKES = {
    "input": ("#2563eb", "", "W, from the input"),
    "recurrent": ("#c2410c", "9 3", "R, from the last step"),
    "peephole": ("#15803d", "5 4", "p, a peephole"),
    "gates": ("#7e22ce", "2 3", "R, from gates of the last step"),
    "pointwise": ("#1e293b", "", "pointwise"),
}
"""Colour, dashes and meaning of each kind of connection."""

FILLS = {"input": "#eef2f7", "gate": "#fef3c7", "op": "#ffffff", "state": "#d1fae5"}
INK, GREY, PALE = "#1e293b", "#a3abb8", "#f5f6f8"

_MARGIN, _TITLE, _LINE, _LEGEND = 28.0, 44.0, 18.0, 46.0
_SMALLEST = 560.0


def svg(diagram: Diagram) -> str:
    """Return the diagram as an SVG picture on white."""
    sizes = _sizes(diagram)
    lines = [(e.source, e.target, f"{e.kind} {e.ablated}") for e in diagram.edges]
    inputs = {name for name, node in diagram.nodes.items() if node.kind == "input"}
    read = {e.source for e in diagram.edges}
    ends = {name for name, node in diagram.nodes.items() if node.kind == "state" and name not in read}
    placed = layered_layout(sizes, lines, inputs, ends)
    key = _legend(diagram)
    width = max(placed.size[0], _SMALLEST, sum(_wide(meaning) for _, _, meaning in key)) + 2 * _MARGIN
    remarks = [line for remark in diagram.remarks for line in wrap(remark, int(width / 7))]
    top = _MARGIN + _TITLE + _LINE * len(remarks)
    height = top + placed.size[1] + _LEGEND + _MARGIN
    left = (width - placed.size[0]) / 2
    texts = [
        f'<text x="{_MARGIN:g}" y="{_MARGIN + 14:g}" font-size="19" font-weight="600">{escape(diagram.title)}</text>'
    ]
    texts += [
        f'<text x="{_MARGIN:g}" y="{_MARGIN + 36 + _LINE * i:g}" font-size="13" fill="#64748b">{escape(line)}</text>'
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
            *_edges(diagram, placed, sizes),
            *(_node(node, placed.centres[name], sizes[name]) for name, node in diagram.nodes.items()),
            "</g>",
            *_keys(key, height - _MARGIN),
            "</svg>\n",
        ]
    )


def colour_of(edge: Edge) -> str:
    """Return the colour of an edge, grey if it is ablated."""
    return GREY if edge.ablated else STROKES[edge.kind][0]


def meaning_of(edge: Edge) -> str:
    """Return what an edge stands for: its weight, or its kind."""
    return f"{edge.weight or edge.kind}{', ablated' * edge.ablated}"


def _sizes(diagram: Diagram) -> dict[str, tuple[float, float]]:
    arriving = Counter(edge.target for edge in diagram.edges)
    sizes = {}
    for name, node in diagram.nodes.items():
        if node.kind == "op":
            wide = max(30.0, 9.0 * len(node.label) + 12)
            sizes[name] = (wide, 30.0)
        else:
            wide = max(60.0, 9.0 * len(node.label) + 18, 7.0 * len(node.inside) + 16)
            sizes[name] = (wide, max(46.0 if node.kind == "gate" else 36.0, 12.0 * arriving[name] + 8))
    return sizes


def _node(node: Node, centre: Point, size: tuple[float, float]) -> str:
    (x, y), (wide, tall) = centre, size
    fill, ink, rim = (PALE, GREY, GREY) if node.ablated else (FILLS[node.kind], INK, INK)
    dashes = ' stroke-dasharray="4 3"' if node.ablated else ""
    corner = {"op": tall / 2, "gate": 7, "state": 7}.get(node.kind, tall / 2)
    shift = 9.0 if node.inside else 0.0
    texts = [f'<text x="{x:.1f}" y="{y + 5 - shift:.1f}" font-size="15" fill="{ink}">{_label(node)}</text>']
    if node.inside:
        texts.append(f'<text x="{x:.1f}" y="{y + 14:.1f}" font-size="12" fill="{ink}">{escape(node.inside)}</text>')
    return (
        f'<g class="{node.kind}{" ablated" * node.ablated}" data-name="{escape(node.name)}" text-anchor="middle">'
        f'<rect x="{x - wide / 2:.1f}" y="{y - tall / 2:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="{corner:g}" '
        f'fill="{fill}" stroke="{rim}" stroke-width="{1.8 if node.kind == "state" else 1.2}"{dashes}/>'
        f"{''.join(texts)}</g>"
    )


def _label(node: Node) -> str:
    """Return the label with its time lowered."""
    name, bracket, when = node.label.partition("[")
    if node.kind not in ("input", "state") or not bracket:
        return escape(node.label)
    return f'{escape(name)}<tspan dy="4" font-size="11">{escape(when.rstrip("]").replace("-", "−"))}</tspan>'


def _edges(diagram: Diagram, placed: LayeredLayout, sizes: dict[str, tuple[float, float]]) -> list[str]:
    """Return the lines, what is ablated below the others."""
    drawn = []
    for edge, points in zip(diagram.edges, placed.routes, strict=True):
        if diagram.nodes[edge.target].kind == "op":
            points = (*points[:-1], _on_rim(points[-1], placed.centres[edge.target], sizes[edge.target]))
        colour, dashes = colour_of(edge), STROKES[edge.kind][1]
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        wide = 1.1 if edge.ablated else 1.8 if edge.kind == "pointwise" else 1.4
        path = (
            f'<path class="{edge.kind}{" ablated" * edge.ablated}" d="{_path(points)}" fill="none" stroke="{colour}" '
            f'stroke-width="{wide}"{style} marker-end="url(#{_marker(colour)})">'
            f"<title>{escape(meaning_of(edge))}</title></path>"
        )
        drawn.append((not edge.ablated, path))
    return [path for _, path in sorted(drawn, key=lambda pair: pair[0])]


def _on_rim(end: Point, centre: Point, size: tuple[float, float]) -> Point:
    """Return the point at the same height on the round side of an operation."""
    radius = size[1] / 2
    return end[0] + radius - sqrt(max(radius**2 - (end[1] - centre[1]) ** 2, 0.0)), end[1]


def _path(points: Sequence[Point]) -> str:
    """Return a smooth line that is level at each point."""
    (x, y), *rest = points
    text = f"M{x:.1f} {y:.1f}"
    for to_x, to_y in rest:
        middle = (x + to_x) / 2
        text += (
            f"L{to_x:.1f} {to_y:.1f}"
            if y == to_y
            else f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        )
        x, y = to_x, to_y
    return text


def _marker(colour: str) -> str:
    return f"to-{colour[1:]}"


def _arrow(colour: str) -> str:
    return (
        f'<marker id="{_marker(colour)}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.8L8 4L0 7.2Z" fill="{colour}"/></marker>'
    )


def _legend(diagram: Diagram) -> list[tuple[str, str, str]]:
    """Return colour, dashes and meaning of what the picture has."""
    found = {edge.kind for edge in diagram.edges}
    key = [stroke for kind, stroke in STROKES.items() if kind in found]
    gone = any(node.ablated for node in diagram.nodes.values()) or any(edge.ablated for edge in diagram.edges)
    return [*key, (GREY, "", "ablated")] if gone else key


def _keys(key: Sequence[tuple[str, str, str]], y: float) -> list[str]:
    lines, x = [], _MARGIN
    for colour, dashes, meaning in key:
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        lines.append(f'<path d="M{x:g} {y - 4:.1f}h30" stroke="{colour}" stroke-width="1.8"{style}/>')
        lines.append(f'<text x="{x + 38:g}" y="{y:.1f}" font-size="12">{escape(meaning)}</text>')
        x += _wide(meaning)
    return lines


def _wide(meaning: str) -> float:
    return 64 + 6.6 * len(meaning)
