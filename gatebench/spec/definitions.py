"""From a cell's table to its equations, in an order in which they can be computed.

A definition is a name, "i[t]" or "c[t]", with the formula over names, weights and products that gives its value. Gates
that an ablation fixed are folded into the others, and what no state needs any more is gone: with its weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol

from gatebench.errors import UserError, unknown
from gatebench.spec.dated import DatedName, X, now, previous
from gatebench.spec.expression import (
    IDENTIFIER,
    LARGEST,
    Expr,
    activate,
    lift,
    name,
    names,
    ordered,
    rewrite,
    substitute,
)
from gatebench.spec.gate import Gate
from gatebench.spec.order import in_order
from gatebench.spec.widths import needs_square, width

RESERVED = ("x", "t", "out")


class GateTable(Protocol):
    """What a cell must have to be defined; see `gatebench.spec.cell.Cell`."""

    @property
    def name(self) -> str:
        """The label in tables and messages."""

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states, the output first."""

    @property
    def gates(self) -> Mapping[str, Gate]:
        """The rows of the table, by name."""

    @property
    def update_formulas(self) -> tuple[Expr, ...]:
        """The update as formulas, one for each state."""

    @property
    def out(self) -> str:
        """The output activation."""


@dataclass(frozen=True, eq=False)
class Definitions:
    """The equations of one time step.

    Attributes:
        formulas: by name, each after those that it needs.
        states: the cell's states, by plain name.
        constants: gates that were fixed, or that have nothing left to depend on, with their values.
        widths: "H" or "I" of every formula.
        square: whether what is as wide as the input meets hidden units, so that I = H is needed.
    """

    formulas: Mapping[DatedName, Expr]
    states: tuple[str, ...]
    constants: Mapping[str, float]
    widths: Mapping[DatedName, str]
    square: bool

    @cached_property
    def gates(self) -> tuple[str, ...]:
        """Gates that are computed, by plain name, in order."""
        return tuple(n.label for n in self.formulas if n.label not in self.states)

    @cached_property
    def memory(self) -> tuple[str, ...]:
        """Plain names of what a step reads of the last one: all states, then gates."""
        read = {n for formula in self.formulas.values() for n in names(formula) if n.is_previous}
        return (*self.states, *(g for g in self.gates if previous(g) in read))

    @cached_property
    def parameters(self) -> dict[str, tuple[str, ...]]:
        """Symbolic shapes of the weights by name, in the order in which the equations name them."""
        found: dict[str, tuple[str, ...]] = {}
        for defined, formula in self.formulas.items():
            rows = self.widths[defined]
            for node in ordered([formula]):
                if node.op == "matmul":
                    found[node.args[0]] = (rows, width(node.args[1], self.widths))
                elif node.op == "param":
                    found[node.args[0]] = (rows,)
        return found

    def text(self) -> str:
        """Return the equations in one exact, canonical form, for digests."""
        equations = (f"{n} = {formula!r}" for n, formula in sorted(self.formulas.items()))
        return "\n".join([f"output {self.states[0]}", *equations])


def define(cell: GateTable) -> Definitions:
    """Return the definitions of a cell; raise `UserError` where its table does not make sense."""
    _check_names(cell)
    gates, constants = _gate_formulas(cell)
    formulas = {n: _folded(formula, constants) for n, formula in (gates | _state_formulas(cell)).items()}
    sequence = in_order(cell.name, cell.states, formulas)
    for n, formula in sequence.items():
        _check_numbers(cell, n, formula)
    widths = {n: "H" if n.label in cell.states else cell.gates[n.label].width for n in sequence}
    read = {label for formula in sequence.values() for label in names(formula)}
    square = any(needs_square(n, formula, widths) for n, formula in sequence.items())
    # What is carried from step to step is as wide as the hidden units.
    square |= any(wide == "I" and previous(n.label) in read for n, wide in widths.items())
    return Definitions(sequence, cell.states, constants, widths, square)


def _check_names(cell: GateTable) -> None:
    labels = [*cell.states, *cell.gates]
    if not cell.states:
        raise UserError(f"{cell.name} has no state.")
    for label in labels:
        if not IDENTIFIER.match(label) or label in RESERVED or labels.count(label) > 1:
            taken = ", ".join(RESERVED)
            raise UserError(
                f"{cell.name}: {label!r} cannot name a state or a gate; use a letter once, and not {taken}."
            )
    if len(cell.update_formulas) != len(cell.states):
        raise UserError(f"{cell.name}: update must return one value for each of {', '.join(cell.states)}.")


def _check_numbers(cell: GateTable, defined: str, formula: Expr) -> None:
    """Refuse what has no finite value, and products that have become weights in disguise."""
    for node in ordered([formula]):
        values = [operand.value for operand in node.operands]
        if node.op == "matmul" and None not in values:
            raise UserError(f"{cell.name}: {node.args[0]} would multiply a number, {values[0]}; connect it to a state.")
        infinite = values and (None not in values or (node.op == "div" and values[1] == 0))
        if infinite or not abs(node.value or 0.0) < LARGEST:
            raise UserError(f"{cell.name}: {defined} needs a number that is not finite, or not below {LARGEST:g}.")


def _gate_formulas(cell: GateTable) -> tuple[dict[DatedName, Expr], dict[str, float]]:
    """Return the gates' formulas, and the values of those that are constant, also through other constants."""
    constants: dict[str, float] = {}
    while True:
        written = {g: _gate(g, gate, cell, constants) for g, gate in cell.gates.items()}
        formulas = {g: _folded(_timed(formula, cell), constants) for g, formula in written.items()}
        found = {g: value for g, formula in formulas.items() if (value := formula.value) is not None}
        if found == constants:
            return {now(g): formula for g, formula in formulas.items() if g not in constants}, constants
        constants = found


def _folded(formula: Expr, constants: Mapping[str, float]) -> Expr:
    """Return the formula with constant gates as numbers, in this step and in the last."""
    return substitute(formula, {date(g): lift(value) for g, value in constants.items() for date in (now, previous)})


def _gate(label: str, gate: Gate, cell: GateTable, constants: Mapping[str, float]) -> Expr:
    """Return a gate's formula, with bare names still in it; refuse gates and states that it cannot see."""
    if gate.tie is None:
        for other in (*gate.gates, *((gate.after,) if gate.after else ())):
            if other not in cell.gates:
                raise unknown(f"gate of {cell.name}", other, cell.gates)
        if gate.peephole is not None and DatedName(gate.peephole).label not in cell.states:
            raise unknown(f"state of {cell.name} for the peephole of {label!r}", gate.peephole, cell.states)
    return gate.formula(label, constants)


def _state_formulas(cell: GateTable) -> dict[DatedName, Expr]:
    """Return the states' formulas; where one contains another's, it refers to the new value instead."""
    fresh = {now(s): _timed(value, cell) for s, value in zip(cell.states, cell.update_formulas, strict=True)}
    named = {value: s for s, value in reversed(fresh.items()) if value.op not in ("name", "const")}

    def refer(own: str, node: Expr) -> Expr | None:
        return name(named[node]) if named.get(node, own) != own else None

    return {s: rewrite(value, partial(refer, s)) for s, value in fresh.items()}


def _timed(formula: Expr, cell: GateTable) -> Expr:
    """Return the formula with every bare name dated, and the output activation put in."""

    def date(node: Expr) -> Expr | None:
        if node.op == "out":
            return activate(cell.out, rewrite(node.args[0], date))
        if node.op != "name":
            return None
        read: DatedName = node.args[0]
        if read in ("x", X):
            return name(X)
        if read.label not in (*cell.states, *cell.gates):
            raise unknown(f"name in the formulas of {cell.name}", read, (*cell.states, *cell.gates, "x"))
        if read.has_date:
            return node
        return name(previous(read) if read in cell.states else now(read))

    return rewrite(formula, date)
