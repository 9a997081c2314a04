"""One time step as a straight-line program: named formulas, in which every matrix product reads a name.

The forward step and its adjoint (`gatebench.derive.adjoint`) are both such programs. A code generator that can write
one of them can therefore write the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatebench.derive.prefixes import operand
from gatebench.spec.dated import DatedName, now
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import Expr, name, names, ordered, rewrite

PRODUCTS = ("matmul", "matmul_t")
"""Expr("matmul", (weight, name)) is weight @ name; "matmul_t" multiplies by the transpose of the weight."""


@dataclass(frozen=True, eq=False)
class Program:
    """Named formulas in an order in which they can be computed.

    Attributes:
        formulas: by name, each after those of the same step that it reads.
        widths: the width of each value, "H" or "I".
    """

    formulas: Mapping[DatedName, Expr]
    widths: Mapping[DatedName, str]


@dataclass(frozen=True, eq=False)
class Forward(Program):
    """The forward step.

    Attributes:
        formulas: by name, each after those of the same step that it reads.
        widths: the width of each value, "H" or "I".
        memory: labels of the values that the next step reads; the output is the first.
        aliases: gates that equal a state, by the name of the gate. For h = n: {"n[t]": "h[t]"}.
        operands: names of the expressions, such as r ⊙ h, that got a name because a product reads them.
    """

    memory: tuple[str, ...]
    aliases: Mapping[DatedName, DatedName]
    operands: tuple[DatedName, ...]


def forward(definitions: Definitions) -> Forward:
    """Return a cell's step as a program."""
    formulas, aliases = _without_aliases(definitions)
    widths = {n: definitions.widths[n] for n in formulas}
    named: dict[Expr, DatedName] = {}
    result: dict[DatedName, Expr] = {}

    def name_operand(node: Expr) -> Expr | None:
        if node.op != "matmul":
            return None
        weight, read = node.args
        if read.op == "name":
            return node
        if read not in named:
            named[read] = operand(len(named))
            widths[named[read]] = definitions.parameters[weight][1]
            result[named[read]] = read
        return Expr("matmul", (weight, name(named[read])))

    for defined, formula in formulas.items():
        result[defined] = rewrite(formula, name_operand)
    return Forward(result, widths, definitions.memory, aliases, tuple(named.values()))


def _without_aliases(definitions: Definitions) -> tuple[dict[DatedName, Expr], dict[DatedName, DatedName]]:
    """Give a state that only copies a gate, as in h = n, the gate's formula: one value is then kept instead of two."""
    formulas = dict(definitions.formulas)
    aliases: dict[DatedName, DatedName] = {}
    for state in map(now, definitions.states):
        read = formulas[state]
        if read.op == "name" and read.args[0] in formulas and read.args[0].label not in definitions.memory:
            aliases[read.args[0]] = state
    for gate, state in aliases.items():
        formulas = {(state if n == gate else n): f for n, f in formulas.items() if n != state}
    renamed = {gate: name(state) for gate, state in aliases.items()}

    def rename(node: Expr) -> Expr | None:
        return renamed.get(node.args[0]) if node.op == "name" else None

    return {n: rewrite(f, rename) for n, f in formulas.items()}, aliases


def products(node: Expr) -> list[Expr]:
    """Return the matrix products in a formula."""
    return [n for n in ordered([node]) if n.op in PRODUCTS]


def inline(formulas: Mapping[DatedName, Expr], values: Mapping[DatedName, Expr]) -> dict[DatedName, Expr]:
    """Return the formulas with names replaced by values; the operands of products stay names."""

    def change(node: Expr) -> Expr | None:
        if node.op in PRODUCTS:
            return node
        return values.get(node.args[0]) if node.op == "name" else None

    return {n: rewrite(f, change) for n, f in formulas.items()}


def reads(formula: Expr) -> set[DatedName]:
    """Return the names that a formula reads, inside and outside of products."""
    return set(names(formula))
