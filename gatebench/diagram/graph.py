"""The graph of a cell's equations: values and operations as nodes, and connections as edges with their weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce

from gatebench.spec.cell import Cell
from gatebench.spec.dated import DatedName, X
from gatebench.spec.expression import ACTIVATIONS, Expr, lift, simplify, spell

KINDS = ("input", "recurrent", "peephole", "gates", "pointwise")
"""The kinds of edges: through W (input), through R (recurrent), through p (peephole), from gates of the step before
through R (gates), and without a weight (pointwise)."""

SYMBOLS = {"sigmoid": "σ", "hard_sigmoid": "hard σ", "log_sigmoid": "log σ", "maximum": "max"}
"""The symbols of functions in a diagram; other functions have their name."""


@dataclass(frozen=True)
class Node:
    """A value or a pointwise operation.

    Attributes:
        kind: "input" for x and the memory of the step before, "gate", "op" for a pointwise operation, "state" for a new
            state.
        name: unique in the graph: the dated name of a value, e.g. "c[t-1]", or the formula of an operation.
        label: the text in the diagram.
        inside: the activation of a gate, as a symbol or a name; empty for other nodes and for gates without one.
        ablated: whether an ablation removed it.
    """

    kind: str
    name: str
    label: str
    inside: str = ""
    ablated: bool = False


@dataclass(frozen=True)
class Edge:
    """A connection from a node to a node that reads it.

    Attributes:
        source: the name of the node that is read.
        target: the name of the node that reads it.
        kind: one of `KINDS`.
        weight: the name of the weight, e.g. "R.f"; empty for a connection without one.
        ablated: whether an ablation removed it.
    """

    source: str
    target: str
    kind: str = "pointwise"
    weight: str = ""
    ablated: bool = False


@dataclass
class Graph:
    """The graph of one step of a cell.

    Attributes:
        nodes: by name; each stands after the nodes that it reads.
        edges: the keys are the edges, in the order in which they were found.
        ops: the formulas of the nodes of the kind "op", by name.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    ops: dict[str, Expr] = field(default_factory=dict)

    @classmethod
    def of(cls, cell: Cell) -> Graph:
        """Return the graph of a cell's equations, without biases: they would be the same in almost every gate."""
        graph = cls()
        for defined, formula in cell.definitions.formulas.items():
            label = defined.label
            if label in cell.states:
                graph._add_edges(formula, defined)
                graph.nodes[defined] = Node("state", defined, defined)
                continue
            if formula.op in ACTIVATIONS:
                preactivation, activation = formula.args[0], formula.op
            else:
                preactivation = formula
                activation = "identity" if cell.gates[label].tie is None else ""
            terms = list(_terms(preactivation))
            has_number = any(term.value for term in terms)
            for term in [preactivation] if has_number else terms:  # a sum with a number is drawn as an operation
                graph._add_edges(term, defined)
            graph.nodes[defined] = Node("gate", defined, label, SYMBOLS.get(activation, activation))
        return graph

    def _add_edges(self, node: Expr, target: str) -> None:
        """Add the edges from the values in a formula to a target, with the nodes that they start from."""
        match node:
            case Expr("const" | "param"):
                return
            case Expr("matmul", (weight, read)):
                self._connect(read, target, weight)
            case Expr("mul") if weights := [f.args[0] for f in _factors(node) if f.op == "param"]:
                others = [f for f in _factors(node) if f.op != "param"]
                read = others[0] if len(others) == 1 else reduce(Expr.__mul__, others, lift(1.0))
                self._connect(read, target, weights[0])
            case Expr("add" | "sub") if len(_variable_terms(node)) < 2 and not _constant(node):
                for term in _variable_terms(node):
                    self._add_edges(term, target)
            case _:
                self.edges[Edge(self._node_of(node), target)] = None

    def _connect(self, read: Expr, target: str, weight: str) -> None:
        """Add the edge through a weight; a number that is multiplied by a weight is like a bias and has none."""
        if read.value is not None:
            return
        letter, _, gates = weight.partition(".")
        recurrent_kind = "gates" if "." in gates else "recurrent"  # "R.f.i" is from gate f to gate i
        kind = {"W": "input", "p": "peephole", "d": "pointwise"}.get(letter, recurrent_kind)
        self.edges[Edge(self._node_of(read), target, kind, weight)] = None

    def _node_of(self, node: Expr) -> str:
        """Return the name of the node of a formula; add the node, and the nodes that it reads, if they are new."""
        if node.op == "name":
            read: DatedName = node.args[0]
            if read == X or read.is_previous:
                self.nodes.setdefault(read, Node("input", read, read))
            return read
        # The same formula has the same name in the graphs of all cells, so that they can be compared.
        name = repr(node)
        if name not in self.ops:
            self.ops[name] = node
            label, operands = _operation(node)
            for operand in operands:
                self._add_edges(operand, name)
            self.nodes[name] = Node("op", name, label)
        return name


def _operation(node: Expr) -> tuple[str, list[Expr]]:
    """Return the label and the operands of an operation.

    A diagram does not show the order of operands. So a - b is drawn as a + (-b), and a / b as a ⊙ (1 / b).
    """
    match node:
        case Expr("neg", (a,)):
            return "−", [a]
        case Expr("div", (a, b)) if a.value is not None:
            return f"{spell(a.value)} /", [b]
        case Expr("add" | "sub"):
            terms, number = _variable_terms(node), _constant(node)
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
            variables = [f for f in factors if f.value is None]
            label = " ".join(["⊙" if len(variables) > 1 else "×", *map(spell, numbers)])
            return label, variables
    constants = [spell(o.value) for o in node.operands if o.value is not None]
    return " ".join([SYMBOLS.get(node.op, node.op), *constants]), list(node.operands)


def _terms(node: Expr) -> Iterator[Expr]:
    """Yield the terms of a sum; a subtracted term as its negative."""
    if node.op not in ("add", "sub"):
        yield node
        return
    left, right = node.operands
    yield from _terms(left)
    if node.op == "add":
        yield from _terms(right)
    else:
        for term in _terms(right):
            yield lift(-term.value) if term.value is not None else _negative(term)


def _negative(node: Expr) -> Expr:
    return node.operands[0] if node.op == "neg" else -node


def _factors(node: Expr) -> Iterator[Expr]:
    """Yield the factors of a product; a divisor b as 1 / b."""
    if node.op == "mul":
        for operand in node.operands:
            yield from _factors(operand)
    elif node.op == "div" and node.operands[0].value != 1:
        yield from _factors(node.operands[0])
        yield simplify(1 / node.operands[1])
    else:
        yield node


def _variable_terms(node: Expr) -> list[Expr]:
    """Return the terms of a sum that are neither a number nor a bias."""
    return [term for term in _terms(node) if term.op not in ("const", "param")]


def _constant(node: Expr) -> float:
    """Return the sum of the numbers among the terms."""
    return sum(term.value or 0.0 for term in _terms(node))


def _signed(number: float, plus: str = "") -> str:
    return f"{plus}{spell(number)}" if number >= 0 else f"− {spell(-number)}"
