"""From a cell's table to its equations, in an order in which they can be computed.

A definition is a name, "i[t]" or "c[t]", with the formula over names, weights and products that gives its value. Gates
that an ablation fixed are folded into the others, and what no state needs any more is gone: with its weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol

from gatebench.errors import UserError, unknown
from gatebench.expression import IDENTIFIER, Expr, activate, name, names, ordered, parse, rewrite, substitute, total
from gatebench.gate import Gate

RESERVED = ("x", "t", "out")


class Table(Protocol):
    """What a cell must have to be defined; see `gatebench.spec.Cell`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def states(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def gates(self) -> Mapping[str, Gate]: ...  # noqa: D102
    @property
    def recorded(self) -> tuple[Expr, ...]: ...  # noqa: D102
    @property
    def out(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Definitions:
    """The equations of one time step.

    Attributes:
        formulas: by name, each after those that it needs.
        states: the cell's states, by plain name.
        constants: gates that were fixed, with their values.
        widths: "H" or "I" of every formula.
        square: whether raw input meets hidden units, so that I = H is needed.
    """

    formulas: Mapping[str, Expr]
    states: tuple[str, ...]
    constants: Mapping[str, float]
    widths: Mapping[str, str]
    square: bool

    @cached_property
    def gates(self) -> tuple[str, ...]:
        """Gates that are computed, by plain name, in order."""
        return tuple(plain(n) for n in self.formulas if plain(n) not in self.states)

    @cached_property
    def memory(self) -> tuple[str, ...]:
        """Plain names of what a step reads of the last one: all states, then gates."""
        read = {n for formula in self.formulas.values() for n in names(formula) if n.endswith("[t-1]")}
        return (*self.states, *(g for g in self.gates if f"{g}[t-1]" in read))

    @cached_property
    def parameters(self) -> dict[str, tuple[str, ...]]:
        """Symbolic shapes of the weights by name, in the order in which the equations name them."""
        found: dict[str, tuple[str, ...]] = {}
        for defined, formula in self.formulas.items():
            width = self.widths[defined]
            for node in ordered([formula]):
                if node.op == "matmul":
                    found[node.args[0]] = (width, _width(node.args[1], self.widths)[0])
                elif node.op == "param":
                    found[node.args[0]] = (width,)
        return found

    def text(self) -> str:
        """Return the equations in one exact, canonical form, for digests."""
        return "\n".join(f"{n} = {formula!r}" for n, formula in sorted(self.formulas.items()))


def plain(timed: str) -> str:
    """Return the name without its time: "c[t-1]" → "c"."""
    return timed.partition("[")[0]


def define(cell: Table) -> Definitions:
    """Return the definitions of a cell; raise `UserError` where its table does not make sense."""
    _check_names(cell)
    constants = {g: value for g, gate in cell.gates.items() if (value := gate.constant) is not None}
    formulas = {f"{g}[t]": _timed(_gate(g, gate, cell, constants), cell) for g, gate in cell.gates.items() if g not in constants}
    formulas |= _state_formulas(cell)
    folded = {f"{g}[{at}]": Expr("const", (value,)) for g, value in constants.items() for at in ("t", "t-1")}
    formulas = {n: substitute(formula, folded) for n, formula in formulas.items()}
    sequence = {n: formulas[n] for n in _in_order(cell, formulas)}
    widths = {n: "H" if plain(n) in cell.states else cell.gates[plain(n)].width for n in sequence}
    square = any(_needs_square(n, formula, widths) for n, formula in sequence.items())
    return Definitions(sequence, cell.states, constants, widths, square)


def _check_names(cell: Table) -> None:
    labels = [*cell.states, *cell.gates]
    if not cell.states:
        raise UserError(f"{cell.name} has no state.")
    for label in labels:
        if not IDENTIFIER.match(label) or label in RESERVED or labels.count(label) > 1:
            raise UserError(f"{cell.name}: {label!r} cannot name a state or a gate; use a letter once, and not {', '.join(RESERVED)}.")
    if len(cell.recorded) != len(cell.states):
        raise UserError(f"{cell.name}: update must return one value for each of {', '.join(cell.states)}.")


def _gate(label: str, gate: Gate, cell: Table, constants: Mapping[str, float]) -> Expr:
    """Return a gate's formula, with bare names still in it."""
    if gate.tie is not None:
        return parse(gate.tie)
    for other in (*gate.gates, *((gate.after,) if gate.after else ())):
        if other not in cell.gates:
            raise unknown(f"gate of {cell.name}", other, cell.gates)
    if gate.peephole is not None and plain(gate.peephole) not in cell.states:
        raise unknown(f"state of {cell.name} for the peephole of {label!r}", gate.peephole, cell.states)
    return activate(gate.activation, total(_terms(label, gate, constants)))


def _terms(label: str, gate: Gate, constants: Mapping[str, float]) -> Iterator[Expr]:
    if gate.inputs is not None:
        yield Expr("matmul", (f"W.{label}", parse(gate.inputs)))
    if gate.bias is not None:
        yield Expr("param", (f"b.{label}",))
    if gate.recurrent is not None:
        weight = f"R.{label}"
        dense = gate.matrix == "dense"
        read = parse(gate.recurrent)
        product = Expr("matmul", (weight, read)) if dense else Expr("param", (weight,)) * read
        # Behind a constant the second bias would only repeat the first.
        if gate.after and gate.after not in constants and gate.bias is not None:
            product = product + Expr("param", (f"d.{label}",))
        yield name(gate.after) * product if gate.after else product
    if gate.peephole is not None:
        yield Expr("param", (f"p.{label}",)) * parse(gate.peephole)
    for other in gate.gates:
        if other not in constants:
            yield Expr("matmul", (f"R.{other}.{label}", name(f"{other}[t-1]")))
    if gate.plus is not None:
        yield parse(gate.plus)


def _state_formulas(cell: Table) -> dict[str, Expr]:
    """Return the states' formulas; where one contains another's, it refers to the new value instead."""
    fresh = {f"{s}[t]": _timed(value, cell) for s, value in zip(cell.states, cell.recorded, strict=True)}
    named = {value: s for s, value in reversed(fresh.items()) if value.op not in ("name", "const")}

    def refer(own: str, node: Expr) -> Expr | None:
        return name(named[node]) if named.get(node, own) != own else None

    return {s: rewrite(value, partial(refer, s)) for s, value in fresh.items()}


def _timed(formula: Expr, cell: Table) -> Expr:
    """Return the formula with every bare name dated, and the output activation put in."""

    def date(node: Expr) -> Expr | None:
        if node.op == "out":
            return activate(cell.out, rewrite(node.args[0], date))
        if node.op != "name":
            return None
        label = node.args[0]
        if label in ("x", "x[t]"):
            return name("x[t]")
        if plain(label) not in (*cell.states, *cell.gates):
            raise unknown(f"name in the formulas of {cell.name}", label, (*cell.states, *cell.gates, "x"))
        if "[" in label:
            return node
        return name(f"{label}[t-1]" if label in cell.states else f"{label}[t]")

    return rewrite(formula, date)


def _in_order(cell: Table, formulas: Mapping[str, Expr]) -> list[str]:
    """Return what the states need, in the table's order but each name after those it reads; refuse a circle."""
    done: list[str] = []
    path: list[str] = []

    def visit(wanted: str) -> None:
        if wanted in path:
            circle = " → ".join([*path[path.index(wanted) :], wanted])
            raise UserError(f"{cell.name}: {circle} is a circle; a gate must not need itself in the same step.")
        if wanted in done or wanted not in formulas:
            return
        path.append(wanted)
        for read in names(formulas[wanted]):
            if read.endswith("[t]"):
                visit(read)
        done.append(path.pop())

    needed = _needed(cell, formulas)
    for wanted in formulas:
        if wanted in needed:
            visit(wanted)
    return done


def _needed(cell: Table, formulas: Mapping[str, Expr]) -> set[str]:
    """Return the names that some state depends on, in this step or through the next one."""
    needed: set[str] = set()
    waiting = [f"{s}[t]" for s in cell.states]
    while waiting:
        wanted = waiting.pop()
        if wanted not in needed and wanted in formulas:
            needed.add(wanted)
            waiting.extend(f"{plain(read)}[t]" for read in names(formulas[wanted]))
    return needed


def _width(node: Expr, widths: Mapping[str, str]) -> tuple[str, bool]:
    """Return the width of a formula and whether I and H meet in it; a matrix product has the width of its definition."""
    found = set()
    for label in _pointwise_names(node):
        found.add("I" if label == "x[t]" else widths.get(f"{plain(label)}[t]", "H"))
    return ("H" if found != {"I"} else "I"), len(found) > 1


def _pointwise_names(node: Expr) -> set[str]:
    """Return the names that occur in a formula outside of matrix products."""
    if node.op == "name":
        return {node.args[0]}
    return set() if node.op == "matmul" else set().union(*map(_pointwise_names, node.operands))


def _needs_square(defined: str, formula: Expr, widths: Mapping[str, str]) -> bool:
    """Return whether values of width I and H meet in this definition, pointwise."""
    products = (node.args[1] for node in ordered([formula]) if node.op == "matmul")
    if any(_width(operand, widths)[1] for operand in products):
        return True
    width, mixed = _width(formula, widths)
    return mixed or (bool(_pointwise_names(formula)) and width != widths[defined])
