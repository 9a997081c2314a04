"""The backward pass of a cell, derived: reverse mode on the recorded formulas of one step.

Names in the step that runs from the last step to the first: "d/c[t]" is the adjoint of c[t], "d/R.i[t]" that of the
product R.i @ operand (a δ), "k/c[t]" what step t hands to step t-1 for c pointwise, "s/p.i[t]" the running sum for a
weight that acts pointwise, "r/q0/[t]" an operand of the forward pass computed once more. δ read one step later is
"d/R.i[t+1]".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gatebench.derive.partials import SLOW, partials, times
from gatebench.derive.program import PRODUCTS, Forward, Program, forward, inline, products, reads
from gatebench.spec.definitions import Definitions, plain
from gatebench.spec.expression import Expr, lift, name, ordered, rewrite, simplify, total


@dataclass(frozen=True)
class Outer:
    """A weight's gradient: Σ over t and the batch of delta ⊗ operand; operand "1" for a bias."""

    weight: str
    delta: str
    operand: str


@dataclass(frozen=True, eq=False)
class Adjoint:
    """Everything that a backward pass needs.

    Attributes:
        forward: the forward step, with the products that the backward pass reads given a name.
        step: the backward step.
        arriving: by memory, what step t + 1 and later contribute to its adjoint at step t.
        input: the adjoint of x[t]; its pointwise part, if any, is the step's "e/x[t]".
        outers: gradients of matrices and plain biases.
        sums: pointwise weights whose gradient is the batch sum of "s/…".
        saved: definitions that are kept for the backward pass, the memory apart.
    """

    forward: Forward
    step: Program
    arriving: Mapping[str, Expr]
    input: Expr
    outers: tuple[Outer, ...]
    sums: tuple[str, ...]
    saved: tuple[str, ...]

    @property
    def deltas(self) -> tuple[str, ...]:
        """What a product reads one step later, or a weight's gradient: kept for some steps."""
        return tuple(
            dict.fromkeys(
                [o.delta for o in self.outers] + [o.operand for o in self.outers if o.operand in self.step.formulas]
            )
        )


@lru_cache(maxsize=256)
def adjoint(definitions: Definitions, again: bool = False) -> Adjoint:
    """Return the backward pass of a cell.

    With `again`, what takes no more than products with x and arithmetic is computed once more instead of kept, which
    pays where x is narrow; what exp, log and their like went into is kept.
    """
    return _Reverse(forward(definitions), definitions, again).finished()


class _Reverse:
    """The walk from the last definition to the first."""

    def __init__(self, program: Forward, definitions: Definitions, again: bool) -> None:
        self.program, self.parameters, self.again = program, definitions.parameters, again
        self.promoted: dict[str, dict[Expr, str]] = {n: {} for n in program.formulas}
        self.uses: dict[str, list[Expr]] = {}  # adjoints of definitions and of x, by name
        self.carried: dict[str, list[Expr]] = {m: [] for m in program.memory}
        self.arriving: dict[str, list[Expr]] = {m: [name(f"k/{m}[t+1]")] for m in program.memory}
        self.pointwise: dict[str, list[Expr]] = {}  # of weights
        self.deltas: dict[Expr, str] = {}
        self.outers: list[Outer] = []
        self.formulas: dict[str, Expr] = {}
        self.widths: dict[str, str] = {}
        self.input: list[Expr] = []
        self.through: list[Expr] = []  # products that lead to x

    def finished(self) -> Adjoint:
        reached: list[tuple[str, str]] = []
        for defined in reversed(list(self.program.formulas)):
            own = f"d/{plain(defined)}[t]"
            if plain(defined) in self.program.memory or self.uses.get(defined):
                self.formulas[own], self.widths[own] = lift(0.0), self.program.widths[defined]  # completed below
                reached.append((own, defined))
                self._walk(defined, own)
        for own, defined in reached:
            start = self.arriving.get(plain(defined), [])
            incoming = [name(f"g/{plain(defined)}[t]")] if plain(defined) == self.program.memory[0] else []
            self.formulas[own] = total([*start, *incoming, *self.uses.get(defined, [])])
        for m, terms in self.carried.items():
            self.formulas[f"k/{m}[t]"], self.widths[f"k/{m}[t]"] = total(terms), "H"
        for p in (sums := tuple(p for p in self.pointwise if not self._is_bias(p))):
            self.formulas[f"s/{p}[t]"] = simplify(name(f"s/{p}[t+1]") + total(self.pointwise[p]))
            self.widths[f"s/{p}[t]"] = self.parameters[p][0]
        if self.input:
            self.formulas["e/x[t]"], self.widths["e/x[t]"] = total(self.input), "I"
            self.through.insert(0, name("e/x[t]"))
        return self._assembled(sums)

    def _walk(self, defined: str, own: str) -> None:
        formula = self.program.formulas[defined]
        adjoints: dict[Expr, list[Expr]] = {formula: [name(own)]}
        for node in reversed(ordered([formula])):
            if node not in adjoints or (arrived := total(adjoints[node])).value == 0:
                continue
            if node.op == "matmul":
                self._product(node, arrived, self.program.widths[defined])
            elif node.op == "param":
                self.pointwise.setdefault(node.args[0], []).append(arrived)
            elif node.op == "name":
                self._name(node.args[0], arrived)
            else:
                for operand, partial in zip(
                    node.operands, partials(node, lambda e: self._value(e, defined)), strict=True
                ):
                    if operand.op != "const":
                        adjoints.setdefault(operand, []).append(times(arrived, partial))

    def _value(self, node: Expr, defined: str) -> Expr:
        """Return how the backward pass gets a value of the forward one: by name, or by computing it again."""
        if node == self.program.formulas[defined]:
            return name(defined)
        if node.op == "const" or not self._costly(node):
            return node
        known = self.promoted[defined]
        return name(known.setdefault(node, f"v{len(known)}/{defined}"))

    def _costly(self, formula: Expr) -> bool:
        """Return whether a value is kept rather than computed again."""
        if not self.again:
            return bool(products(formula))
        return any(n.op in SLOW or (n.op in PRODUCTS and n.args[1] != name("x[t]")) for n in ordered([formula]))

    def _product(self, node: Expr, arrived: Expr, width: str) -> None:
        weight, operand = node.args[0], node.args[1].args[0]
        if arrived not in self.deltas:
            self.deltas[arrived] = arrived.args[0] if arrived.op == "name" else f"d/{weight}[t]"
            if arrived.op != "name":
                self.formulas[self.deltas[arrived]], self.widths[self.deltas[arrived]] = arrived, width
        delta = self.deltas[arrived]
        self.outers.append(Outer(weight, delta, operand))
        if operand.endswith("[t-1]"):
            later = name(delta.replace("[t]", "[t+1]"))
            self.arriving[plain(operand)].append(Expr("matmul_t", (weight, later)))
        else:
            own = self.through if operand == "x[t]" else self.uses.setdefault(operand, [])
            own.append(Expr("matmul_t", (weight, name(delta))))

    def _name(self, read: str, arrived: Expr) -> None:
        if read == "x[t]":
            self.input.append(arrived)
        elif read.endswith("[t-1]"):
            self.carried[plain(read)].append(arrived)
        else:
            self.uses.setdefault(read, []).append(arrived)

    def _is_bias(self, weight: str) -> bool:
        terms = self.pointwise[weight]
        if len(terms) == 1 and terms[0] in self.deltas:
            self.outers.append(Outer(weight, self.deltas[terms[0]], "1"))
            return True
        return False

    def _assembled(self, sums: tuple[str, ...]) -> Adjoint:
        program = self._with_promoted()
        cheap: dict[str, Expr] = {}
        for n, formula in self.program.formulas.items():
            if plain(n) not in program.memory and not self._costly(formula):
                cheap |= inline({n: formula}, cheap)
        read_again = {outer.operand for outer in self.outers} & cheap.keys()
        again = {o: f"r/{o}" for o in program.operands if o in read_again}
        outers = tuple(Outer(o.weight, o.delta, again.get(o.operand, o.operand)) for o in self.outers)
        formulas = {again[o]: cheap[o] for o in again} | inline(self.formulas, cheap)
        widths = {again[o]: program.widths[o] for o in again} | self.widths
        read = set().union(*map(reads, formulas.values()), {o.operand for o in outers}) - set(formulas)
        saved = tuple(n for n in program.formulas if n in read and plain(n) not in program.memory)
        arriving = {m: total(terms) for m, terms in self.arriving.items()}
        return Adjoint(program, Program(formulas, widths), arriving, total(self.through), outers, sums, saved)

    def _with_promoted(self) -> Forward:
        formulas, widths = {}, dict(self.program.widths)
        for defined, formula in self.program.formulas.items():
            known = {node: label for node, label in self.promoted[defined].items() if node != formula}
            for node, label in sorted(known.items(), key=lambda item: len(ordered([item[0]]))):
                inner = {n: name(other) for n, other in known.items() if n != node}
                formulas[label], widths[label] = rewrite(node, inner.get), widths[defined]
            outside = {n: name(label) for n, label in known.items()}
            formulas[defined] = rewrite(formula, outside.get)
        return Forward(formulas, widths, self.program.memory, self.program.aliases, self.program.operands)
