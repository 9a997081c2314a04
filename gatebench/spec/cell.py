"""The spine: a cell is a table of gates and one pure, pointwise update. Everything else is derived from it.

Legend, here and everywhere: T time, B batch, I input, H hidden, G gates. In formulas a bare state is its old value
(`c` is `c[t-1]`), a bare gate its value in this step (`i` is `i[t]`), `x` the input of this step.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from gatebench.errors import UserError, out_of_range, unknown
from gatebench.spec.definitions import Definitions, define
from gatebench.spec.expression import ACTIVATIONS, LARGEST, Expr, lift, name, ordered, spell
from gatebench.spec.gate import CONNECTIONS, Gate
from gatebench.spec.initial_rules import DRAWN, Bias, mirrored, start_rule


@dataclass(frozen=True)
class Cell:
    """A recurrent cell.

    Attributes:
        name: its label in tables.
        source: the paper, with the section or the equation.
        states: their names; the first is the output, the one of width H that other layers read.
        gates: the table, by name.
        update: a function of all states and gates, in this order, that returns the new states in their order. It is
            called once with names and kept as formulas, so a cell is plain data: it can be pickled, printed, hashed.
        out: the output activation, where the update has `out(·)`.
        start: how weights start, by letter: {"R": "identity", "W": "normal 0.001"}; others are uniform ±1/√H.
        initial: what states start from where it is not 0.
        note: what a reader must know about signs, and what the cell is not.

    Raises:
        UserError: the table does not make sense; the sentence says where.
    """

    name: str
    source: str
    states: tuple[str, ...]
    gates: Mapping[str, Gate]
    update: Callable[..., tuple[Expr, ...]] | tuple[Expr, ...]
    out: str = "tanh"
    start: Mapping[str, str] = field(default_factory=dict)
    initial: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        if self.out not in ACTIVATIONS:
            raise unknown("output activation", self.out, ACTIVATIONS)
        if callable(self.update):
            object.__setattr__(self, "update", self._record(self.update))
        for letter, rule in self.start.items():
            if letter not in DRAWN:
                raise unknown("letter of weights whose start can be set", letter, DRAWN)
            start_rule(rule)
        memory = self.definitions.memory  # defines the cell, or refuses it
        for state in self.initial:
            if state not in memory:
                raise unknown(f"state of {self.name}", state, memory)
        self._check_biases()

    def __hash__(self) -> int:
        return hash(self.digest)

    def _record(self, update: Callable[..., tuple[Expr, ...]]) -> tuple[Expr, ...]:
        wanted = [*self.states, *self.gates]
        if list(inspect.signature(update).parameters) != wanted:
            raise UserError(f"{self.name}: update must take exactly {', '.join(wanted)}.")
        new = update(*map(name, wanted))
        if not isinstance(new, tuple):
            raise UserError(f"{self.name}: update must return a tuple, one value for each of {', '.join(self.states)}.")
        return tuple(map(lift, new))

    def _check_biases(self) -> None:
        """Refuse a bias that starts at minus one which is not there, or does not start by itself."""
        starts = self._bias_starts()
        for gate, bias in starts.items():
            if (other := mirrored(bias)) is None:
                continue
            if self._gate(other).width != self.gates[gate].width or other not in starts or mirrored(starts[other]):
                raise UserError(
                    f"{self.name}: the bias of {gate!r} is minus that of {other!r}, which has none of its own."
                )

    def _bias_starts(self) -> dict[str, Bias]:
        return {gate: row.bias for gate, row in sorted(self.gates.items()) if f"b.{gate}" in self.parameters}

    @property
    def recorded(self) -> tuple[Expr, ...]:
        """The update as formulas, one for each state."""
        assert isinstance(self.update, tuple)
        return self.update

    @cached_property
    def definitions(self) -> Definitions:
        """The cell's equations in the order in which they can be computed."""
        return define(self)

    @property
    def parameters(self) -> dict[str, tuple[str, ...]]:
        """Symbolic shapes of the weights by name, e.g. {"W.i": ("H", "I"), "R.i": ("H", "H"), "b.i": ("H",)}."""
        return self.definitions.parameters

    @property
    def memory(self) -> tuple[str, ...]:
        """What is carried from step to step: the states, then the gates whose last value is read."""
        return self.definitions.memory

    @cached_property
    def digest(self) -> str:
        """12 hex digits that stand for the equations and how the weights start; the cell's name does not enter.

        Neither do the order of the gates in the table, nor what the table says about weights that are gone.
        """
        letters = {weight[0] for weight in self.parameters}
        rules = {letter: start_rule(rule) for letter, rule in self.start.items() if letter in letters}
        rules = {letter: rule for letter, rule in rules.items() if rule != ("uniform", ())}
        initial = {state: float(value) for state, value in self.initial.items() if value}
        starts = (repr(sorted(each.items())) for each in (self._bias_starts(), rules, initial))
        content = "\n".join([self.definitions.text(), *starts])
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    # The ablation algebra: each operation returns a new cell, and refuses with a sentence what makes no sense.

    def fix(self, gate: str, value: float) -> Cell:
        """Return the cell with a gate held at a constant: its weights are gone, and so is their cost."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
            raise out_of_range(f"The value of gate {gate!r}", value, "a finite number")
        return self._with(gate, f"{gate}={spell(value)}", Gate(tie=repr(float(value)), width=self._gate(gate).width))

    def tie(self, gate: str, formula: str) -> Cell:
        """Return the cell with a gate replaced by a formula of the others, e.g. `tie("f", "1 - i")`."""
        return self._with(gate, f"{gate}={formula}", Gate(tie=formula, width=self._gate(gate).width))

    def activate(self, gate: str, activation: str) -> Cell:
        """Return the cell with another activation of a gate, or of the output where `gate` is "out"."""
        label = f"{gate}:{activation}"
        if gate == "out":
            if not any(node.op == "out" for node in ordered(self.recorded)):
                raise UserError(f"{self.name} has no output activation to change.")
            return replace(self, name=self._relabel(label), out=activation)
        return self._with(gate, label, replace(self._weighted(gate), activation=activation))

    def connect(self, gate: str, **terms: Any) -> Cell:
        """Return the cell with connections of a gate switched on or off.

        Args:
            gate: its name.
            terms: any of recurrent, inputs, peephole, after, plus (a formula, or None for off), gates (one, a list of
                them, or None), matrix ("dense" or "diagonal").
        """
        for term in terms:
            if term not in CONNECTIONS:
                raise unknown("connection", term, CONNECTIONS)
        new = replace(self._weighted(gate), **terms)
        return self._with(gate, ", ".join(f"{gate}.{term}={_spelt(getattr(new, term))}" for term in terms), new)

    def bias(self, gate: str, value: Bias) -> Cell:
        """Return the cell with another initial bias of a gate: a number, "chrono", "-f", or None for no bias at all."""
        return self._with(gate, f"b.{gate}={_spelt(value)}", replace(self._weighted(gate), bias=value))

    def draw(self, letter: str, rule: str) -> Cell:
        """Return the cell with other weights to start from: all of W, R or p, by a rule such as "normal 0.001"."""
        return replace(self, name=self._relabel(f"{letter}~{rule}"), start={**self.start, letter: rule})

    def _gate(self, gate: str) -> Gate:
        if gate not in self.gates:
            raise unknown(f"gate of {self.name}", gate, self.gates)
        return self.gates[gate]

    def _weighted(self, gate: str) -> Gate:
        if self._gate(gate).tie is not None:
            raise UserError(f"Gate {gate!r} of {self.name} is {self.gates[gate].tie}; it has no weights to change.")
        return self.gates[gate]

    def _with(self, gate: str, label: str, new: Gate) -> Cell:
        return replace(self, name=self._relabel(label), gates={**self.gates, gate: new})

    def _relabel(self, label: str) -> str:
        return f"{self.name[:-1]}, {label}]" if self.name.endswith("]") else f"{self.name}[{label}]"


def _spelt(value: object) -> str:
    """Return a term's value as a label shows it."""
    if isinstance(value, tuple):
        return "+".join(value) or "off"
    if isinstance(value, int | float):
        return spell(value)
    return "off" if value is None else str(value)
