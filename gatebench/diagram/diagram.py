"""The nodes and edges of a cell's diagram. The nodes and edges that an ablation removed are kept and marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gatebench.diagram.graph import KINDS, Edge, Graph, Node
from gatebench.spec.cell import Cell
from gatebench.spec.dated import DatedName, now, previous
from gatebench.spec.expression import Expr, lift, spell, substitute
from gatebench.spec.gate import Gate

__all__ = ["KINDS", "Diagram", "Edge", "Node", "diagram"]


@dataclass(frozen=True)
class Diagram:
    """The contents of a diagram, without positions.

    Attributes:
        title: the name of the cell.
        remarks: the differences between the cell and its base, one a line.
        nodes: by name; the nodes that only the base has are the last.
        edges: from each value to the nodes that read it, without cycles.
    """

    title: str
    remarks: tuple[str, ...]
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]


def diagram(cell: Cell, base: Cell | None = None) -> Diagram:
    """Return the diagram of a cell.

    Args:
        cell: the cell to draw.
        base: the cell that `cell` is an ablation of. The nodes and edges of `base` that `cell` lacks are in the diagram
            too, marked as ablated. If None, only the constant gates of `cell` are marked.
    """
    base = base or cell
    complete = _with_computed_gates(cell, base)
    graph, base_graph = Graph.of(complete), Graph.of(_with_computed_gates(base, base))
    nodes, edges = dict(graph.nodes), dict.fromkeys(graph.edges)
    _add_removed(nodes, edges, base_graph)
    for gate in cell.gates:
        nodes.setdefault(now(gate), Node("gate", now(gate), gate))

    # A gate that the cell no longer computes; its label is its value, or that nothing reads it.
    labels: dict[str, str] = {
        now(gate): _label_of_ablated(cell, gate) for gate in cell.gates if gate not in cell.definitions.gates
    }
    constants: dict[str, Expr] = {
        date(gate): lift(value) for gate, value in cell.definitions.constants.items() for date in (now, previous)
    }
    ablated = set(labels)
    ablated |= {name for name, op in graph.ops.items() if substitute(op, constants).value is not None}
    ablated |= {name for name in nodes if name not in graph.nodes or name in constants}
    ablated = _with_unread_sources(ablated, nodes, edges)
    marked_edges = tuple(
        replace(edge, ablated=edge.ablated or edge.source in ablated or edge.target in ablated) for edge in edges
    )
    if complete.out != cell.out:  # the output activation is ablated, but the edges through it still carry the state
        graph_without = Graph.of(replace(complete, out=cell.out))
        ablated |= set(graph.nodes) - set(graph_without.nodes) & _nodes_with_operation(graph, complete.out)
    marked_nodes = {name: _marked(node, labels) if name in ablated else node for name, node in nodes.items()}
    return Diagram(cell.name, tuple(_remarks(cell, base)), marked_nodes, marked_edges)


def _marked(node: Node, labels: Mapping[str, str]) -> Node:
    """Return the node marked as ablated; a gate that is not computed has another label and no activation."""
    if node.name in labels:
        return replace(node, label=labels[node.name], inside="", ablated=True)
    return replace(node, ablated=True)


def _with_computed_gates(cell: Cell, base: Cell) -> Cell:
    """Return the cell with computed gates in place of its constant ones, so that they have a node in the graph.

    If the cell has no output activation, that of the base is put back for the same reason.
    """
    free = {g: Gate(inputs=None, recurrent=None, width=cell.gates[g].width) for g in cell.definitions.constants}
    out = base.out if cell.out == "identity" else cell.out
    return replace(cell, gates={**cell.gates, **free}, out=out)


def _nodes_with_operation(graph: Graph, operation: str) -> set[str]:
    return {name for name, op in graph.ops.items() if op.op == operation}


def _label_of_ablated(cell: Cell, gate: str) -> str:
    """Return "i = 1" for a constant gate, "r: not read" for a gate that nothing reads."""
    value = cell.definitions.constants.get(gate)
    return f"{gate}: not read" if value is None else f"{gate} = {spell(value)}"


def _add_removed(nodes: dict[str, Node], edges: dict[Edge, None], base_graph: Graph) -> None:
    """Add the edges into gates that only the base has, with their sources, except those that would close a cycle."""
    queue = [name for name, node in nodes.items() if node.kind == "gate"]
    queue += [name for name, node in base_graph.nodes.items() if node.kind == "gate" and name not in nodes]
    while queue:
        target = queue.pop(0)
        nodes.setdefault(target, base_graph.nodes.get(target) or Node("gate", target, DatedName(target).label))
        removed = [edge for edge in base_graph.edges if edge.target == target and edge not in edges]
        for edge in removed:
            if target in _ancestors(edge.source, edges):
                continue
            if edge.source not in nodes:
                nodes[edge.source] = base_graph.nodes[edge.source]
                queue.append(edge.source)
            edges[replace(edge, ablated=True)] = None


def _ancestors(name: str, edges: Iterable[Edge]) -> set[str]:
    """Return the node and all nodes that it depends on."""
    found, queue = {name}, [name]
    while queue:
        target = queue.pop()
        sources = {edge.source for edge in edges if edge.target == target} - found
        found |= sources
        queue.extend(sources)
    return found


def _with_unread_sources(ablated: set[str], nodes: Mapping[str, Node], edges: Iterable[Edge]) -> set[str]:
    """Return the ablated nodes, and the inputs and operations that only ablated nodes or edges read."""
    sources = {edge.source for edge in edges}
    while True:
        still_read = {
            edge.source
            for edge in edges
            if not edge.ablated and edge.target not in ablated and edge.source not in ablated
        }
        unread = sources - still_read
        more = {name for name, node in nodes.items() if node.kind in ("input", "op") and name in unread} - ablated
        if not more:
            return ablated
        ablated = ablated | more


def _remarks(cell: Cell, base: Cell) -> Iterable[str]:
    """Yield the differences between the cell and its base: constants, ties, changed terms, other weights."""
    if cell.definitions.text() == base.definitions.text():
        return
    yield f"an ablation of {base.name}"
    constants = cell.definitions.constants
    for gate, row in cell.gates.items():
        old = base.gates.get(gate, row)
        if gate in constants and constants[gate] != base.definitions.constants.get(gate):
            yield f"{gate} = {spell(constants[gate])}"
        elif gate not in constants and row.tie is not None and row.tie != old.tie:
            yield f"{gate} = {row.tie}"
        elif gate in cell.definitions.gates:
            for term in ("activation", "inputs", "recurrent", "matrix", "after", "peephole"):
                was, now = getattr(old, term), getattr(row, term)
                if was and now and was != now:
                    yield f"{term} of {gate}: {was} → {now}"
    if cell.out != base.out:
        yield f"out: {base.out} → {cell.out}"
    for word, weights in (
        ("without", [w for w in base.parameters if w not in cell.parameters]),
        ("with", [w for w in cell.parameters if w not in base.parameters]),
    ):
        if weights:
            yield f"{word} {', '.join(weights)}"
