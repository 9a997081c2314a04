"""One time step as a straight-line program of named formulas, in which every matrix product reads a name.

The forward step and its adjoint (`gatebench.derive.adjoint`) are both such programs, so whatever turns a program into
code (C here; another language elsewhere) gets the backward pass for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatebench.spec.definitions import Definitions, plain
from gatebench.spec.expression import Expr, name, names, ordered, rewrite

PRODUCTS = ("matmul", "matmul_t")
"""Expr("matmul", (weight, name)) is weight @ name; "matmul_t" multiplies by the weight's transpose."""


@dataclass(frozen=True, eq=False)
class Program:
    """formulas: by dated name, each after those of the same step that it reads. widths: "H" or "I" of each."""

    formulas: Mapping[str, Expr]
    widths: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Forward(Program):
    """The forward step.

    Attributes:
        memory: plain names of what the next step reads, the output first.
        aliases: definitions that are another one under a second name, as n in h = n: {"n[t]": "h[t]"}.
        operands: formulas that had to be given a name because a product reads them, as r ⊙ h.
    """

    memory: tuple[str, ...]
    aliases: Mapping[str, str]
    operands: tuple[str, ...]


def forward(definitions: Definitions) -> Forward:
    """Return a cell's step as a program."""
    formulas, aliases = _without_aliases(definitions)
    widths = {n: definitions.widths[n] for n in formulas}
    named: dict[Expr, str] = {}
    result: dict[str, Expr] = {}

    def operand(node: Expr) -> Expr | None:
        if node.op != "matmul":
            return None
        weight, read = node.args
        if read.op == "name":
            return node
        if read not in named:
            named[read] = f"q{len(named)}/[t]"
            widths[named[read]] = definitions.parameters[weight][1]
            result[named[read]] = read
        return Expr("matmul", (weight, name(named[read])))

    for defined, formula in formulas.items():
        result[defined] = rewrite(formula, operand)
    return Forward(result, widths, definitions.memory, aliases, tuple(named.values()))


def _without_aliases(definitions: Definitions) -> tuple[dict[str, Expr], dict[str, str]]:
    """Let a state that is just a gate, h = n, take over the gate's formula, so that one value is kept and not two."""
    formulas = dict(definitions.formulas)
    aliases: dict[str, str] = {}
    for state in (f"{s}[t]" for s in definitions.states):
        read = formulas[state]
        if read.op == "name" and read.args[0] in formulas and plain(read.args[0]) not in definitions.memory:
            aliases[read.args[0]] = state
    for gate, state in aliases.items():
        formulas = {(state if n == gate else n): f for n, f in formulas.items() if n != state}
    renamed = {gate: name(state) for gate, state in aliases.items()}
    return {
        n: rewrite(f, lambda e: renamed.get(e.args[0]) if e.op == "name" else None) for n, f in formulas.items()
    }, aliases


def products(node: Expr) -> list[Expr]:
    """Return the matrix products in a formula."""
    return [n for n in ordered([node]) if n.op in PRODUCTS]


def inline(formulas: Mapping[str, Expr], values: Mapping[str, Expr]) -> dict[str, Expr]:
    """Return the formulas with names replaced by values; products' operands stay names."""

    def change(node: Expr) -> Expr | None:
        if node.op in PRODUCTS:
            return node
        return values.get(node.args[0]) if node.op == "name" else None

    return {n: rewrite(f, change) for n, f in formulas.items()}


def reads(formula: Expr) -> set[str]:
    """Return the names that a formula reads, outside of products and inside."""
    return set(names(formula))
