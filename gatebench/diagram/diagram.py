"""A cell as a picture's nodes and edges, with what an ablation took away still there, marked."""

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
    """What is to be drawn.

    Attributes:
        title: the cell's name.
        remarks: in which way it differs from its base, a sentence each.
        nodes: by name, inputs first, then in the order in which they can be computed.
        edges: from values to what reads them; they form no circle.
    """

    title: str
    remarks: tuple[str, ...]
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]


def diagram(cell: Cell, base: Cell | None = None) -> Diagram:
    """Return the diagram of a cell; what it lacks of `base`, which it is an ablation of, is marked."""
    base = base or cell
    whole = _whole(cell, base)
    present, before = Graph.of(whole), Graph.of(_whole(base, base))
    nodes, edges = dict(present.nodes), dict.fromkeys(present.edges)
    _add_removed(nodes, edges, before)
    for gate in cell.gates:
        nodes.setdefault(now(gate), Node("gate", now(gate), gate))
    gone: dict[str, str] = {now(g): _gone(cell, g) for g in cell.gates if g not in cell.definitions.gates}
    constant: dict[str, Expr] = {
        date(g): lift(v) for g, v in cell.definitions.constants.items() for date in (now, previous)
    }
    dead = {*gone, *(name for name, op in present.ops.items() if substitute(op, constant).value is not None)}
    dead |= {name for name in nodes if name not in present.nodes or name in constant}
    dead = _spread(dead, nodes, edges)
    lines = tuple(replace(e, ablated=e.ablated or e.source in dead or e.target in dead) for e in edges)
    if whole.out != cell.out:  # the activation is skipped, what it passed on is not
        dead |= set(present.nodes) - set(Graph.of(replace(whole, out=cell.out)).nodes) & _applying(present, whole.out)
    marked = {
        name: replace(node, label=gone.get(name, node.label), inside="" if name in gone else node.inside, ablated=True)
        if name in dead
        else node
        for name, node in nodes.items()
    }
    return Diagram(cell.name, tuple(_remarks(cell, base)), marked, lines)


def _whole(cell: Cell, base: Cell) -> Cell:
    """Return the cell with its constant gates as if they were computed, so that the picture has a place for them."""
    free = {g: Gate(inputs=None, recurrent=None, width=cell.gates[g].width) for g in cell.definitions.constants}
    out = base.out if cell.out == "identity" else cell.out
    return replace(cell, gates={**cell.gates, **free}, out=out)


def _applying(sketch: Graph, activation: str) -> set[str]:
    return {name for name, op in sketch.ops.items() if op.op == activation}


def _gone(cell: Cell, gate: str) -> str:
    value = cell.definitions.constants.get(gate)
    return f"{gate}: not read" if value is None else f"{gate} = {spell(value)}"


def _add_removed(nodes: dict[str, Node], edges: dict[Edge, None], before: Graph) -> None:
    """Add what led into the gates before, and does not now; but nothing that would close a circle."""
    waiting = [name for name, node in nodes.items() if node.kind == "gate"]
    waiting += [n for n, node in before.nodes.items() if node.kind == "gate" and n not in nodes]
    while waiting:
        target = waiting.pop(0)
        nodes.setdefault(target, before.nodes.get(target) or Node("gate", target, DatedName(target).label))
        for edge in [e for e in before.edges if e.target == target and e not in edges]:
            if target in _above(edge.source, edges):
                continue
            if edge.source not in nodes:
                nodes[edge.source] = before.nodes[edge.source]
                waiting.append(edge.source)
            edges[replace(edge, ablated=True)] = None


def _above(name: str, edges: Iterable[Edge]) -> set[str]:
    """Return the node and all that it depends on."""
    found, waiting = {name}, [name]
    while waiting:
        reader = waiting.pop()
        fresh = {e.source for e in edges if e.target == reader} - found
        found |= fresh
        waiting.extend(fresh)
    return found


def _spread(dead: set[str], nodes: Mapping[str, Node], edges: Iterable[Edge]) -> set[str]:
    """Return the dead nodes with the inputs and operations that only they still read."""
    while True:
        read = {e.source for e in edges}
        alive = {e.source for e in edges if not e.ablated and e.target not in dead and e.source not in dead}
        more = {n for n, node in nodes.items() if node.kind in ("input", "op") and n in read - alive} - dead
        if not more:
            return dead
        dead = dead | more


def _remarks(cell: Cell, base: Cell) -> Iterable[str]:
    """Yield what the cell has else than its base."""
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
