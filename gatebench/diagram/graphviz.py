"""A diagram in the language of Graphviz (https://graphviz.org/doc/info/lang.html)."""

from gatebench.diagram.diagram import Diagram, Edge, Node
from gatebench.diagram.svg import FILLS, GREY, INK, PALE, colour_of, meaning_of

_SHAPES = {"input": "box", "gate": "box", "op": "circle", "state": "box"}
_LINES = {"input": "solid", "recurrent": "solid", "peephole": "dashed", "gates": "dotted", "pointwise": "bold"}


def dot(diagram: Diagram) -> str:
    """Return the diagram in the language of Graphviz, for its program `dot`."""
    label = "\n".join([diagram.title, *diagram.remarks])
    lines = [
        f"digraph {_quoted(diagram.title)} {{",
        f"  label={_quoted(label)};",
        '  rankdir="LR"; labelloc="t"; bgcolor="white"; fontname="Helvetica"; node [fontname="Helvetica"];',
        *map(_node, diagram.nodes.values()),
        *map(_edge, diagram.edges),
    ]
    return "\n".join([*lines, "}\n"])


def _node(node: Node) -> str:
    label = "\n".join(filter(None, [node.label, node.inside]))
    fill, ink = (PALE, GREY) if node.ablated else (FILLS[node.kind], INK)
    style = "filled" + ",rounded" * (node.kind != "op") + ",dashed" * node.ablated
    return (
        f'  {_quoted(node.name)} [label={_quoted(label)}, shape="{_SHAPES[node.kind]}", style="{style}", '
        f'fillcolor="{fill}", color="{ink}", fontcolor="{ink}"];'
    )


def _edge(edge: Edge) -> str:
    return (
        f"  {_quoted(edge.source)} -> {_quoted(edge.target)} "
        f'[color="{colour_of(edge)}", style="{_LINES[edge.kind]}", tooltip={_quoted(meaning_of(edge))}];'
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
