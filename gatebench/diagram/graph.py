"""From formulas to nodes and edges: what reads what, through which kind of connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce

from gatebench.spec.cell import Cell
from gatebench.spec.dated import DatedName, X
from gatebench.spec.expression import ACTIVATIONS, Expr, lift, simplify, spell

KINDS = ("input", "recurrent", "peephole", "gates", "pointwise")
"""Connections: through W, through R, through p, from gates of the last step through R_k, and without a weight."""

SYMBOLS = {"sigmoid": "σ", "hard_sigmoid": "hard σ", "log_sigmoid": "log σ", "maximum": "max"}
"""How functions are written where their name is not."""


@dataclass(frozen=True)
class Node:
    """A value: kind "input" (x and what the last step left), "gate", "op" (pointwise) or "state" (new).

    name is unique, label is to be read; inside is a gate's activation.
    """

    kind: str
    name: str
    label: str
    inside: str = ""
    ablated: bool = False


@dataclass(frozen=True)
class Edge:
    """A connection of one of `KINDS` from a node to one that reads it, and the weight that it goes through."""

    source: str
    target: str
    kind: str = "pointwise"
    weight: str = ""
    ablated: bool = False


@dataclass
class Graph:
    """The nodes, the edges, and the formulas of the nodes that are operations, by name."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    ops: dict[str, Expr] = field(default_factory=dict)

    @classmethod
    def of(cls, cell: Cell) -> Graph:
        """Return the sketch of a cell's equations; biases are left out, as every gate may have one."""
        sketch = cls()
        for defined, formula in cell.definitions.formulas.items():
            label = defined.label
            if label in cell.states:
                sketch._reach(formula, defined)
                sketch.nodes[defined] = Node("state", defined, defined)
                continue
            bent = formula.op in ACTIVATIONS
            body = formula.args[0] if bent else formula
            inside = formula.op if bent else "identity" if cell.gates[label].tie is None else ""
            terms = list(_terms(body))
            for term in [body] if any(term.value for term in terms) else terms:
                sketch._reach(term, defined)
            sketch.nodes[defined] = Node("gate", defined, label, SYMBOLS.get(inside, inside))
        return sketch

    def _reach(self, node: Expr, target: str) -> None:
        """Add the edges that bring a formula's value to a node, and what they come from."""
        match node:
            case Expr("const" | "param"):
                return
            case Expr("matmul", (weight, read)):
                self._connect(read, target, weight)
            case Expr("mul") if weights := [f.args[0] for f in _factors(node) if f.op == "param"]:
                rest = [f for f in _factors(node) if f.op != "param"]
                self._connect(reduce(Expr.__mul__, rest, lift(1.0)) if len(rest) != 1 else rest[0], target, weights[0])
            case Expr("add" | "sub") if len(_carrying(_terms(node))) < 2 and not _constant(node):
                for term in _carrying(_terms(node)):
                    self._reach(term, target)
            case _:
                self.edges[Edge(self._value(node), target)] = None

    def _connect(self, read: Expr, target: str, weight: str) -> None:
        if read.value is None:
            letter, _, gates = weight.partition(".")
            kind = {"W": "input", "p": "peephole", "d": "pointwise"}.get(
                letter, "gates" if "." in gates else "recurrent"
            )
            self.edges[Edge(self._value(read), target, kind, weight)] = None

    def _value(self, node: Expr) -> str:
        """Return the name of the node that stands for a formula, after adding it."""
        if node.op == "name":
            read: DatedName = node.args[0]
            if read == X or read.is_previous:
                self.nodes.setdefault(read, Node("input", read, read))
            return read
        # The same formula is the same node, in the sketches of other cells too.
        name = repr(node)
        if name not in self.ops:
            self.ops[name] = node
            label, operands = _operation(node)
            for operand in operands:
                self._reach(operand, name)
            self.nodes[name] = Node("op", name, label)
        return name


def _operation(node: Expr) -> tuple[str, list[Expr]]:
    """Return an operation's sign, and what it applies to: in whatever order, so a - b is a + (-b), a / b is a ⊙ 1/b."""
    match node:
        case Expr("neg", (a,)):
            return "−", [a]
        case Expr("div", (a, b)) if a.value is not None:
            return f"{spell(a.value)} /", [b]
        case Expr("add" | "sub"):
            terms, number = _carrying(_terms(node)), _constant(node)
            if len(terms) > 1:
                return ("+" if not number else f"+ {_signed(number)}"), terms
            if not terms:
                return spell(number), []
            if terms[0].op == "neg":
                return f"{spell(number)} −", [terms[0].args[0]]
            return _signed(number, plus="+ "), terms
        case Expr("mul" | "div"):
            factors = list(_factors(node))
            numbers = [f.value for f in factors if f.value is not None]
            rest = [f for f in factors if f.value is None]
            sign = " ".join(["⊙" if len(rest) > 1 else "×", *map(spell, numbers)])
            return sign, rest
    constants = [spell(o.value) for o in node.operands if o.value is not None]
    return " ".join([SYMBOLS.get(node.op, node.op), *constants]), list(node.operands)


def _terms(node: Expr) -> Iterator[Expr]:
    """Yield the terms of a sum; what is subtracted as its negative."""
    if node.op not in ("add", "sub"):
        yield node
        return
    left, right = node.operands
    yield from _terms(left)
    if node.op == "add":
        yield from _terms(right)
    else:
        yield from (lift(-t.value) if t.value is not None else _negative(t) for t in _terms(right))


def _negative(node: Expr) -> Expr:
    return node.operands[0] if node.op == "neg" else -node


def _factors(node: Expr) -> Iterator[Expr]:
    """Yield the factors of a product; a divisor as 1 / it."""
    if node.op == "mul":
        for operand in node.operands:
            yield from _factors(operand)
    elif node.op == "div" and node.operands[0].value != 1:
        yield from _factors(node.operands[0])
        yield simplify(1 / node.operands[1])
    else:
        yield node


def _carrying(terms: Iterator[Expr]) -> list[Expr]:
    """Return the terms that are neither a number nor a bias."""
    return [term for term in terms if term.op not in ("const", "param")]


def _constant(node: Expr) -> float:
    return sum(term.value or 0.0 for term in _terms(node))


def _signed(number: float, plus: str = "") -> str:
    return f"{plus}{spell(number)}" if number >= 0 else f"− {spell(-number)}"
