"""A recurrent cell as data: a table of gates and one pointwise update.

A cell has three parts. The states are the vectors that one time step passes to the next. The gates are the vectors that
a time step computes from the input x and the states; each gate is one row of a table (`gatebench.spec.gate.Gate`). The
update computes the new states from the old states and the gates. This is the LSTM:

    Cell(
        name="lstm",
        source="Gers, Schmidhuber & Cummins 2000, Neural Computation 12(10)",
        states=("h", "c"),
        gates={"i": Gate("sigmoid"), "f": Gate("sigmoid"), "g": Gate("tanh"), "o": Gate("sigmoid")},
        update=lambda h, c, i, f, g, o: (o * out(c_new := f * c + i * g), c_new),
    )

`Gate("sigmoid")` means σ(W x + b + R h), with weights W, b and R that belong to this gate alone. So the table and the
update say the same as these equations, which `gatebench.derive.equations.plain_text` prints:

    i[t] = σ(W_i x[t] + b_i + R_i h[t-1])
    f[t] = σ(W_f x[t] + b_f + R_f h[t-1])
    g[t] = tanh(W_g x[t] + b_g + R_g h[t-1])
    o[t] = σ(W_o x[t] + b_o + R_o h[t-1])
    c[t] = f[t] ⊙ c[t-1] + i[t] ⊙ g[t]
    h[t] = o[t] ⊙ tanh(c[t])

An ablation changes the table and gives a new cell: `lstm.fix("i", 1)` is the LSTM without its input gate. The program
that runs a cell, its backward pass, its number of parameters and its FLOPs all follow from the equations
(`gatebench.derive`), so an ablation needs no other code.

Letters, here and in the whole project: T time steps, B batch size, I input size, H hidden size, G number of gates. In a
formula, a state without a time has its old value (`c` means `c[t-1]`), a gate without a time has its present value (`i`
means `i[t]`), and `x` means `x[t]`.
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
from gatebench.spec.initial_rules import RULED_LETTERS, Bias, negated_gate, weight_rule


@dataclass(frozen=True)
class Cell:
    """A recurrent cell.

    A cell is plain data: it can be pickled, printed, compared and hashed. It does not change. Each operation of an
    ablation (`fix`, `tie`, `activate`, `connect`, `bias`, `initialise`) returns a new cell. The name of the new cell
    shows the change: "lstm[i=1]".

    Attributes:
        name: the label in tables and messages.
        source: the paper, with the section or the equation.
        states: the names of the states. The first is the output: it has shape (B, H), and the next layer reads it.
        gates: the rows of the table, by name.
        update: a function that takes all states and then all gates, in the order of `states` and `gates`, and returns a
            tuple of the new states. It is called once, with names instead of tensors. After that the field holds the
            formulas.
        out: the activation that `out(·)` stands for in the update: a name of `ACTIVATIONS`.
        start: the rule for the initial weights by letter, e.g. {"R": "identity", "W": "normal 0.001"}; see
            `gatebench.spec.initial_rules.weight_rule`. Letters that are not given are uniform in ±1/√H.
        initial: the initial value of a state, the same for all units; 0 for states that are not given.
        note: facts that a reader needs: which gate keeps and which one writes, and differences from similar cells.

    Raises:
        UserError: a name, a formula, an activation or a rule is not allowed, or the equations cannot be computed.
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
            object.__setattr__(self, "update", self._as_formulas(self.update))
        for letter, rule in self.start.items():
            if letter not in RULED_LETTERS:
                raise unknown("letter", letter, RULED_LETTERS, where="of initial weights")
            weight_rule(rule)
        memory = self.definitions.memory  # this makes the equations, and raises if they cannot be made
        for state in self.initial:
            if state not in memory:
                raise unknown("state", state, memory, where=f"of {self.name}")
        self._check_biases()

    def __hash__(self) -> int:
        return hash(self.digest)

    def _as_formulas(self, update: Callable[..., tuple[Expr, ...]]) -> tuple[Expr, ...]:
        """Return the formulas that the update computes: the update is called with names instead of tensors."""
        parameters = [*self.states, *self.gates]
        if list(inspect.signature(update).parameters) != parameters:
            raise UserError(f"{self.name}: update must take exactly {', '.join(parameters)}.")
        new_states = update(*map(name, parameters))
        if not isinstance(new_states, tuple):
            raise UserError(f"{self.name}: update must return a tuple, one value for each of {', '.join(self.states)}.")
        return tuple(map(lift, new_states))

    def _check_biases(self) -> None:
        """Raise if a bias is minus that of another gate, and the other gate has no bias of its own with this width."""
        biases = self._initial_biases()
        for gate, bias in biases.items():
            other = negated_gate(bias)
            if other is None:
                continue
            same_width = self._gate(other).width == self.gates[gate].width
            if not same_width or other not in biases or negated_gate(biases[other]):
                raise UserError(
                    f"{self.name}: the bias of {gate!r} is minus that of {other!r}, so {other!r} needs a number or "
                    f"chrono as its bias and the width of {gate!r}."
                )

    def _initial_biases(self) -> dict[str, Bias]:
        """Return the rules of the biases that occur in the equations, by gate."""
        return {gate: row.bias for gate, row in sorted(self.gates.items()) if f"b.{gate}" in self.parameters}

    @property
    def update_formulas(self) -> tuple[Expr, ...]:
        """The update as formulas, one for each state, in the order of `states`."""
        assert isinstance(self.update, tuple)
        return self.update

    @cached_property
    def definitions(self) -> Definitions:
        """The equations of one time step, in an order in which they can be computed."""
        return define(self)

    @property
    def parameters(self) -> dict[str, tuple[str, ...]]:
        """The weights by name, with the letters of their shapes: {"W.i": ("H", "I"), "R.i": ("H", "H"), "b.i": ("H",)}.

        The first letter of a name says what the weight multiplies: W the input, R a state or a gate, p a state
        elementwise (peephole); b is the bias, and d the second bias beside `Gate.after`. The part after the dot is the
        gate.
        """
        return self.definitions.parameters

    @property
    def memory(self) -> tuple[str, ...]:
        """The values that a time step passes to the next: all states, then the gates that are read as `i[t-1]`."""
        return self.definitions.memory

    @cached_property
    def digest(self) -> str:
        """A hash of the equations and of the rules for initial weights and states: 12 hexadecimal digits.

        Two cells with one digest compute the same and start the same. The digest does not depend on the cell's name, on
        the order of the gates in the table, or on rules for weights that do not occur in the equations.
        """
        letters = {weight[0] for weight in self.parameters}
        rules = {letter: weight_rule(rule) for letter, rule in self.start.items() if letter in letters}
        rules = {letter: rule for letter, rule in rules.items() if rule != ("uniform", ())}
        initial = {state: float(value) for state, value in self.initial.items() if value}
        initial_values = (repr(sorted(each.items())) for each in (self._initial_biases(), rules, initial))
        content = "\n".join([self.definitions.text(), *initial_values])
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    # The operations of an ablation. Each one returns a new cell and leaves this one as it is.

    def fix(self, gate: str, value: float) -> Cell:
        """Return the cell with a gate fixed at a constant. Its weights are removed, and so is their cost.

        Args:
            gate: the name of the gate.
            value: the constant, a finite number.

        Raises:
            UserError: there is no such gate, or the value is not a finite number.

        Examples:
            >>> from gatebench import load_cell
            >>> cell = load_cell("lstm").fix("i", 1)
            >>> cell.name, "W.i" in cell.parameters
            ('lstm[i=1]', False)
        """
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
            raise out_of_range(f"The value of gate {gate!r}", value, "a finite number")
        return self._tied(gate, f"{gate}={spell(value)}", repr(float(value)))

    def tie(self, gate: str, formula: str) -> Cell:
        """Return the cell with a gate replaced by a formula of other gates and states. Its weights are removed.

        Args:
            gate: the name of the gate.
            formula: the formula, for example "1 - i"; see `gatebench.spec.formula.parse`.

        Raises:
            UserError: there is no such gate, or the formula is not allowed.

        Examples:
            >>> from gatebench import load_cell
            >>> load_cell("lstm").tie("f", "1 - i").name
            'lstm[f=1 - i]'
        """
        return self._tied(gate, f"{gate}={formula}", formula)

    def activate(self, gate: str, activation: str) -> Cell:
        """Return the cell with another activation of a gate, or of the output.

        The activation replaces σ or tanh in the gate's equation; the weights stay. "out" stands for the activation of
        the state in the output: tanh in h[t] = o[t] ⊙ tanh(c[t]).

        Args:
            gate: the name of a gate, or "out".
            activation: a name of `gatebench.spec.expression.ACTIVATIONS`.

        Raises:
            UserError: there is no such gate or activation; the gate has no weights; the cell has no output activation.

        Examples:
            >>> from gatebench import load_cell
            >>> load_cell("lstm").activate("out", "identity").name
            'lstm[out:identity]'
        """
        label = f"{gate}:{activation}"
        if gate == "out":
            if not any(node.op == "out" for node in ordered(self.update_formulas)):
                raise UserError(f"{self.name} has no output activation to change.")
            return replace(self, name=self._relabel(label), out=activation)
        return self._with(gate, label, replace(self._weighted(gate), activation=activation))

    def connect(self, gate: str, **terms: Any) -> Cell:
        """Return the cell with terms of a gate's pre-activation added, replaced or removed.

        A term that is removed takes its weights with it: without `recurrent`, i[t] = σ(W_i x[t] + b_i).

        Args:
            gate: the name of the gate.
            terms: the new value of each term, by the names of the fields of `gatebench.spec.gate.Gate`: `recurrent`,
                `inputs`, `peephole`, `after`, `plus` (a formula, or None to remove the term), `gates` (a name, a list
                of names, or None), `matrix` ("dense" or "diagonal").

        Raises:
            UserError: there is no such gate, term or value, or the gate has no weights.

        Examples:
            >>> from gatebench import load_cell
            >>> cell = load_cell("lstm").connect("i", recurrent=None, peephole="c[t-1]")
            >>> cell.name
            'lstm[i.recurrent=off, i.peephole=c[t-1]]'
            >>> [weight for weight in cell.parameters if weight.endswith(".i")]
            ['W.i', 'b.i', 'p.i']
        """
        for term in terms:
            if term not in CONNECTIONS:
                raise unknown("connection", term, CONNECTIONS)
        row = replace(self._weighted(gate), **terms)
        label = ", ".join(f"{gate}.{term}={_term_label(getattr(row, term))}" for term in terms)
        return self._with(gate, label, row)

    def bias(self, gate: str, value: Bias) -> Cell:
        """Return the cell with another initial bias of a gate; None removes the bias from the equation.

        Args:
            gate: the name of the gate.
            value: a number, "chrono", "-f" for minus the bias of the gate f, or None; see
                `gatebench.spec.initial_rules.Bias`.

        Raises:
            UserError: there is no such gate or rule; the gate has no weights; "-f" names a gate that has neither a
                number nor "chrono" as its bias.

        Examples:
            >>> from gatebench import load_cell
            >>> load_cell("lstm").bias("f", 1).name
            'lstm[b.f=1]'
        """
        return self._with(gate, f"b.{gate}={_term_label(value)}", replace(self._weighted(gate), bias=value))

    def initialise(self, letter: str, rule: str) -> Cell:
        """Return the cell with another rule for the initial weights of one letter; the equations stay.

        Args:
            letter: "W" for the input weights of all gates, "R" for their recurrent weights, "p" for their peepholes.
            rule: "uniform", "uniform LOW HIGH", "normal DEVIATION" or "identity"; see
                `gatebench.spec.initial_rules.weight_rule`.

        Raises:
            UserError: there is no such letter or rule.

        Examples:
            >>> from gatebench import load_cell
            >>> load_cell("rnn_relu").initialise("R", "identity").name
            'rnn_relu[R~identity]'
        """
        return replace(self, name=self._relabel(f"{letter}~{rule}"), start={**self.start, letter: rule})

    def _gate(self, gate: str) -> Gate:
        """Return the row of a gate; raise if there is none."""
        if gate not in self.gates:
            raise unknown("gate", gate, self.gates, where=f"of {self.name}")
        return self.gates[gate]

    def _weighted(self, gate: str) -> Gate:
        """Return the row of a gate; raise if the gate is a formula and so has no weights."""
        if self._gate(gate).tie is not None:
            raise UserError(f"Gate {gate!r} of {self.name} is {self.gates[gate].tie}; it has no weights to change.")
        return self.gates[gate]

    def _tied(self, gate: str, label: str, formula: str) -> Cell:
        """Return the cell with a formula in place of a gate, and with the label added to its name."""
        row = self._gate(gate)
        return self._with(gate, label, Gate(tie=formula, width=row.width, role=row.role))

    def _with(self, gate: str, label: str, row: Gate) -> Cell:
        """Return the cell with a new row for a gate, and with the label added to its name."""
        return replace(self, name=self._relabel(label), gates={**self.gates, gate: row})

    def _relabel(self, label: str) -> str:
        """Return the name with one more change in brackets: "lstm", "lstm[i=1]", "lstm[i=1, b.f=1]"."""
        return f"{self.name[:-1]}, {label}]" if self.name.endswith("]") else f"{self.name}[{label}]"


def _term_label(value: object) -> str:
    """Return the value of a term as the name of a cell shows it."""
    if isinstance(value, tuple):
        return "+".join(value) or "off"
    if isinstance(value, int | float):
        return spell(value)
    return "off" if value is None else str(value)
