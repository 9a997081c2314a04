"""The equations of a cell, made from its table, in an order in which they can be computed.

An equation has a name, "i[t]" or "c[t]", and a formula of names, weights and matrix products. Gates that an ablation
fixed are replaced by their number in all formulas. Equations that no state depends on are removed, with their weights.
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
    """The attributes of a cell from which its equations are made; see `gatebench.spec.cell.Cell`."""

    @property
    def name(self) -> str:
        """The label in tables and messages."""

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states, the output first."""

    @property
    def gates(self) -> Mapping[str, Gate]:
        """The rows of the table, by the name of the gate."""

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
        formulas: the formula of each name, in an order in which they can be computed.
        states: the names of the states without a time, the output first.
        constants: the value of each gate that is constant: it is fixed, or its formula depends on no variable.
        widths: the width of each formula: "H" hidden units or "I" inputs.
        square: whether a value of width I and a value of width H are combined elementwise, so that I = H is needed.
    """

    formulas: Mapping[DatedName, Expr]
    states: tuple[str, ...]
    constants: Mapping[str, float]
    widths: Mapping[DatedName, str]
    square: bool

    @cached_property
    def gates(self) -> tuple[str, ...]:
        """The names of the gates that are computed, without a time, in the order of computation."""
        return tuple(dated.label for dated in self.formulas if dated.label not in self.states)

    @cached_property
    def memory(self) -> tuple[str, ...]:
        """The names of the values that a time step passes to the next: all states, then the gates that are read."""
        read = {dated for formula in self.formulas.values() for dated in names(formula) if dated.is_previous}
        return (*self.states, *(gate for gate in self.gates if previous(gate) in read))

    @cached_property
    def parameters(self) -> dict[str, tuple[str, ...]]:
        """The shape of each weight in letters, e.g. ("H", "I"), in the order in which the weights occur."""
        shapes: dict[str, tuple[str, ...]] = {}
        for defined, formula in self.formulas.items():
            rows = self.widths[defined]
            for node in ordered([formula]):
                if node.op == "matmul":
                    shapes[node.args[0]] = (rows, width(node.args[1], self.widths))
                elif node.op == "param":
                    shapes[node.args[0]] = (rows,)
        return shapes

    def text(self) -> str:
        """Return the equations as text for the digest: sorted by name, with every number in full precision."""
        equations = (f"{dated} = {formula!r}" for dated, formula in sorted(self.formulas.items()))
        return "\n".join([f"output {self.states[0]}", *equations])


def define(cell: GateTable) -> Definitions:
    """Return the equations of a cell.

    Raises:
        UserError: a name, a formula or a number is not allowed, or a gate needs itself in the same step.
    """
    _check_names(cell)
    gates, constants = _gate_formulas(cell)
    formulas = {dated: _folded(formula, constants) for dated, formula in (gates | _state_formulas(cell)).items()}
    sequence = in_order(cell.name, cell.states, formulas)
    for dated, formula in sequence.items():
        _check_numbers(cell, dated, formula)
    widths = {dated: "H" if dated.label in cell.states else cell.gates[dated.label].width for dated in sequence}
    read = {dated for formula in sequence.values() for dated in names(formula)}
    square = any(needs_square(dated, formula, widths) for dated, formula in sequence.items())
    # Values that one step passes to the next are stored with H units.
    square |= any(axis == "I" and previous(dated.label) in read for dated, axis in widths.items())
    return Definitions(sequence, cell.states, constants, widths, square)


def unfolded(cell: GateTable) -> dict[DatedName, Expr]:
    """Return the formulas of all gates and states as the table has them: gates that are fixed keep their names.

    Examples:
        >>> from gatebench import load_cell
        >>> from gatebench.spec.expression import name
        >>> unfolded(load_cell("lstm").fix("f", 1))["c[t]"] == (
        ...     name("f[t]") * name("c[t-1]") + name("i[t]") * name("g[t]")
        ... )
        True
    """
    gates = {now(label): _timed(_gate(label, gate, cell, {}), cell) for label, gate in cell.gates.items()}
    return gates | _state_formulas(cell)


def _check_names(cell: GateTable) -> None:
    """Raise if a state or a gate has a name that is no identifier, is reserved or occurs twice."""
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
    """Raise if a formula has a number that is not finite, or a matrix product with a number: that would be a bias."""
    for node in ordered([formula]):
        values = [operand.value for operand in node.operands]
        if node.op == "matmul" and None not in values:
            raise UserError(f"{cell.name}: {node.args[0]} would multiply a number, {values[0]}; connect it to a state.")
        infinite = values and (None not in values or (node.op == "div" and values[1] == 0))
        if infinite or not abs(node.value or 0.0) < LARGEST:
            raise UserError(f"{cell.name}: {defined} needs a number that is not finite, or not below {LARGEST:g}.")


def _gate_formulas(cell: GateTable) -> tuple[dict[DatedName, Expr], dict[str, float]]:
    """Return the formulas of the gates, and the values of the gates that are constant.

    A gate that reads only constant gates is constant too. So the constants are inserted again until no new one appears.
    """
    constants: dict[str, float] = {}
    while True:
        undated = {label: _gate(label, gate, cell, constants) for label, gate in cell.gates.items()}
        formulas = {label: _folded(_timed(formula, cell), constants) for label, formula in undated.items()}
        values = {label: value for label, formula in formulas.items() if (value := formula.value) is not None}
        if values == constants:
            return {now(label): formula for label, formula in formulas.items() if label not in constants}, constants
        constants = values


def _folded(formula: Expr, constants: Mapping[str, float]) -> Expr:
    """Return the formula with the numbers of constant gates inserted, for the present step and for the one before."""
    numbers: dict[str, Expr] = {
        date(gate): lift(value) for gate, value in constants.items() for date in (now, previous)
    }
    return substitute(formula, numbers)


def _gate(label: str, gate: Gate, cell: GateTable, constants: Mapping[str, float]) -> Expr:
    """Return the formula of a gate, with names that have no time yet; raise if it reads an unknown gate or state."""
    if gate.tie is None:
        for other in (*gate.gates, *((gate.after,) if gate.after else ())):
            if other not in cell.gates:
                raise unknown("gate", other, cell.gates, where=f"of {cell.name}")
        if gate.peephole is not None and DatedName(gate.peephole).label not in cell.states:
            raise unknown("state", gate.peephole, cell.states, where=f"of {cell.name} for the peephole of {label!r}")
    return gate.formula(label, constants)


def _state_formulas(cell: GateTable) -> dict[DatedName, Expr]:
    """Return the formulas of the states.

    If the formula of a state contains the formula of another state, the name of the other state takes its place: the
    LSTM has h[t] = o[t] ⊙ tanh(c[t]).
    """
    formulas = {now(state): _timed(value, cell) for state, value in zip(cell.states, cell.update_formulas, strict=True)}
    state_of = {formula: state for state, formula in reversed(formulas.items()) if formula.op not in ("name", "const")}

    def replace_by_state(state: str, node: Expr) -> Expr | None:
        other = state_of.get(node, state)
        return name(other) if other != state else None

    return {state: rewrite(formula, partial(replace_by_state, state)) for state, formula in formulas.items()}


def _timed(formula: Expr, cell: GateTable) -> Expr:
    """Return the formula with a time at every name, and with the output activation in place of `out`."""

    def date(node: Expr) -> Expr | None:
        if node.op == "out":
            return activate(cell.out, rewrite(node.args[0], date))
        if node.op != "name":
            return None
        read: DatedName = node.args[0]
        if read in ("x", X):
            return name(X)
        if read.label not in (*cell.states, *cell.gates):
            raise unknown("name", read, (*cell.states, *cell.gates, "x"), where=f"in the formulas of {cell.name}")
        if read.has_date:
            return node
        return name(previous(read) if read in cell.states else now(read))

    return rewrite(formula, date)
