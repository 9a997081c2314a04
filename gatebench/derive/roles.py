"""The role of each gate of a cell: which gate keeps, writes, exposes, resets, and which row is no gate at all.

A letter has another meaning in each paper: f keeps in the LSTM and writes in the MGU, z keeps in `gru` and writes in
`gru_before`. So tables and metrics speak of roles. The roles follow from the formulas:

| role            | the gate g, or 1 - g                                                                             |
| --------------- | ------------------------------------------------------------------------------------------------ |
| `keep`          | is the coefficient of the old memory in the new memory: f in c[t] = f ⊙ c[t-1] + i ⊙ g           |
| `write`         | is the coefficient of the new content: i                                                         |
| `expose`        | multiplies a function of the memory in the formula of another state: o in h[t] = o ⊙ tanh(c[t])  |
| `reset`         | multiplies an old state in the formula of a gate: r in R (r ⊙ h[t-1]) or in r ⊙ (R h[t-1])       |
| `candidate`     | is the content that is written: g                                                                |
| `preactivation` | has no role above, and other formulas read it through a function: s in f = σ(s)                  |
| `other`         | has none of these roles: a in W (a ⊙ x)                                                          |

A state is memory if its formula reads no other state. In cells with the single state h, h is the memory. The formulas
are those before constants are inserted, so a gate that an ablation fixed or tied has the same role as before.

The formula i ⊙ g does not say which of the two factors is the content. The cells that declare it are lstm (and so all
cells with the base lstm), lstm_output_times_forget, lstm_attention_input, janet, minlstm and slstm:
`Gate(role="candidate")`. If a cell declares nothing, the content is the factor that neither keeps nor is a complement
1 - g; among several such factors it is the only one whose values may leave [0, 1]; if there is no such factor, none of
them has a role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from gatebench.derive.affine import NotAffine, affine_in
from gatebench.derive.bounds import unit_gates
from gatebench.spec.cell import Cell
from gatebench.spec.dated import DatedName, now, previous
from gatebench.spec.definitions import unfolded
from gatebench.spec.expression import FUNCTIONS, Expr, lift, name, names, ordered

RoleName = Literal["keep", "write", "expose", "reset", "candidate", "preactivation", "other"]
"""The names of the roles."""

ROLE_NAMES: tuple[RoleName, ...] = get_args(RoleName)
"""The names of the roles, in the order of `roles`."""


@dataclass(frozen=True)
class Role:
    """One role of one gate. A gate can have several: z of `gru` keeps, and 1 - z writes.

    The value of a role is the value of the gate, or 1 minus it if `complement`.

    Attributes:
        name: the role.
        gate: the name of the gate in the cell's table.
        complement: whether the value of the role is 1 - gate.
        unit: whether the values are certain to lie in [0, 1]; see `gatebench.derive.bounds.unit_gates`.
        fixed: the value of the role if the gate is constant; None for other gates.
    """

    name: RoleName
    gate: str
    complement: bool
    unit: bool
    fixed: float | None

    @property
    def letter(self) -> str:
        """The value of the role as a formula of the gate: "f" or "1-z"."""
        return f"1-{self.gate}" if self.complement else self.gate

    @property
    def key(self) -> str:
        """The role in the names of metrics: "keep/f" or "keep/1-z"."""
        return f"{self.name}/{self.letter}"

    @property
    def label(self) -> str:
        """The role in tables: "keep (f)" or "keep (1 − z)"."""
        return f"{self.name} (1 − {self.gate})" if self.complement else f"{self.name} ({self.gate})"


def roles(cell: Cell) -> tuple[Role, ...]:
    """Return the roles of all gates: first those that keep, then write, expose, reset, and so on.

    Every gate that is computed or constant has at least one role. A gate that no state depends on after an ablation is
    not computed and has none: g if i is fixed at 0.

    Examples:
        >>> from gatebench import load_cell
        >>> [role.label for role in roles(load_cell("gru"))]
        ['keep (z)', 'write (1 − z)', 'reset (r)', 'candidate (n)']
        >>> [(role.key, role.fixed) for role in roles(load_cell("lstm_no_forget"))][:2]
        [('keep/f', 1.0), ('write/i', None)]
    """
    found = _all_roles(cell)
    constants, computed, units = cell.definitions.constants, cell.definitions.gates, unit_gates(cell)
    described: list[Role] = []
    for role, factor in found:
        gate, complement = factor.gate, factor.complement
        if gate in constants:
            fixed = 1.0 - constants[gate] if complement else constants[gate]
            described.append(Role(role, gate, complement, 0.0 <= fixed <= 1.0, fixed))
        elif gate in computed:
            described.append(Role(role, gate, complement, gate in units, None))
    return tuple(sorted(described, key=lambda role: ROLE_NAMES.index(role.name)))


@dataclass(frozen=True)
class _Factor:
    """A factor of a product that is a gate or 1 minus a gate."""

    gate: str
    complement: bool = False


_Found = tuple[RoleName, _Factor]
"""A role and what has it."""


def _all_roles(cell: Cell) -> list[_Found]:
    """Return the roles of all gates of the table, each once, in the order in which they are found."""
    formulas = unfolded(cell)
    coefficients = [_coefficients(state, formulas[now(state)]) for state in cell.states]
    found: list[_Found] = [("keep", factor) for kept, _ in coefficients for factor in _gates_in(_factors(kept), cell)]
    memory = [state for state in cell.states if not _reads_other_state(formulas[now(state)], state, cell)]
    contents = [content for state, (_, content) in zip(cell.states, coefficients, strict=True) if state in memory]
    found += _written(contents, {factor.gate for _, factor in found}, cell)
    for state in cell.states:
        found += _multipliers("expose", formulas[now(state)], partial(_reads_other_state, state=state, cell=cell), cell)
    for gate in cell.gates:
        found += _multipliers("reset", formulas[now(gate)], partial(_reads_old_state, cell=cell), cell)
    with_role = {factor.gate for _, factor in found}
    arguments = {gate for formula in formulas.values() for gate in _arguments_of_functions(formula)}
    for gate in cell.gates:
        if gate not in with_role:
            found.append(("preactivation" if gate in arguments else "other", _Factor(gate)))
    return list(dict.fromkeys(found))


def _coefficients(state: str, formula: Expr) -> tuple[Expr, Expr]:
    """Return the coefficient of the old state and the content; both are 0 if the formula is not affine in the state."""
    try:
        affine = affine_in(formula, name(previous(state)))
    except NotAffine:
        return lift(0.0), lift(0.0)
    return affine.factor, affine.offset


def _written(contents: Iterable[Expr], keeping: Set[str], cell: Cell) -> list[_Found]:
    """Return the gates that write, and the candidates, of all contents."""
    products = [list(_factors(term)) for content in contents for term in _terms(content)]
    found: list[_Found] = []
    # The longest first: after i' ⊙ g in c[t] of slstm, the lone i' in n[t] = f' ⊙ n[t-1] + i' is known to write.
    for product in sorted(products, key=len, reverse=True):
        gates = list(_gates_in(product, cell))
        writing = {factor.gate for role, factor in found if role == "write"} | keeping
        if len(gates) < len(product):  # the content is no gate: tanh(x)
            found += [("write", gate) for gate in gates]
        elif (candidate := _candidate(gates, writing, cell)) is not None:
            found += [("candidate" if gate == candidate else "write", gate) for gate in gates]
        else:
            found += [("write", gate) for gate in gates if gate.complement or gate.gate in writing]
    return found


def _candidate(gates: Sequence[_Factor], writing: Set[str], cell: Cell) -> _Factor | None:
    """Return which of the factors is the written content; None if the formulas and the table do not say it."""
    declared = [gate for gate in gates if cell.gates[gate.gate].role == "candidate"]
    possible = [gate for gate in gates if not gate.complement and gate.gate not in writing]
    if len(possible) > 1:
        units = unit_gates(cell)
        possible = [gate for gate in possible if gate.gate not in units]
    chosen = declared or possible
    return chosen[0] if len(chosen) == 1 else None


def _multipliers(role: RoleName, formula: Expr, is_multiplied: Callable[[Expr], bool], cell: Cell) -> list[_Found]:
    """Return the role for all gates that are multiplied by a factor for which `is_multiplied` is true."""
    found: list[_Found] = []
    for node in ordered([formula]):
        if node.op != "mul":
            continue
        factors = list(_factors(node))
        gates = list(_gates_in(factors, cell))
        if any(_gate_factor(factor, cell) is None and is_multiplied(factor) for factor in factors):
            found += [(role, gate) for gate in gates]
    return found


def _reads_other_state(node: Expr, state: str, cell: Cell) -> bool:
    """Return whether a formula reads the old or the new value of a state other than `state`."""
    return any(read.label in cell.states and read.label != state for read in names(node))


def _reads_old_state(node: Expr, cell: Cell) -> bool:
    """Return whether a formula reads the old value of a state."""
    return any(read.label in cell.states and read.is_previous for read in names(node))


def _factors(node: Expr) -> Iterator[Expr]:
    """Yield the factors of a product from left to right, without numbers; a node that is no product is one factor."""
    if node.op == "mul":
        for operand in node.operands:
            yield from _factors(operand)
    elif node.value is None:
        yield node


def _terms(node: Expr) -> Iterator[Expr]:
    """Yield the terms of a sum or difference from left to right; 1 - g with a gate g is one term."""
    if node.op in ("add", "sub", "neg") and not node.operands[0].value:  # no number, or 0 - g
        for operand in node.operands:
            yield from _terms(operand)
    else:
        yield node


def _gates_in(factors: Iterable[Expr], cell: Cell) -> Iterator[_Factor]:
    """Yield the factors that are a gate or 1 minus a gate."""
    return (factor for node in factors if (factor := _gate_factor(node, cell)) is not None)


def _gate_factor(node: Expr, cell: Cell) -> _Factor | None:
    """Return a node as a gate or 1 minus a gate; None if it is something else."""
    complement = node.op == "sub" and node.operands[0].value == 1.0
    gate = node.operands[1] if complement else node
    if gate.op != "name" or gate.args[0].label not in cell.gates or not gate.args[0].is_now:
        return None
    return _Factor(gate.args[0].label, complement)


def _arguments_of_functions(formula: Expr) -> Iterator[str]:
    """Yield the names, without a time, that a formula reads through a function and not through a matrix product."""
    for node in ordered([formula]):
        if node.op in FUNCTIONS:
            yield from (read.label for read in _pointwise_names(node))


def _pointwise_names(node: Expr) -> Iterator[DatedName]:
    """Yield the names that a formula reads without a matrix product between."""
    if node.op == "name":
        yield node.args[0]
    elif node.op != "matmul":
        for operand in node.operands:
            yield from _pointwise_names(operand)
