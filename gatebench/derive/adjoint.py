"""The backward pass of a cell, derived from its formulas by reverse-mode differentiation of one step.

A prefix says what a value is; the slash is a part of the name. `d/c[t]` is the adjoint ∂loss / ∂c[t], `g/h[t]` the
gradient that the layer above gives, and `k/c[t]` what step t contributes pointwise to the adjoint of the step before.
`gatebench.derive.prefixes` lists all prefixes. ⊙ is the pointwise product, ᵀ the transpose.

For the LSTM, `adjoint` returns the following. The gradients of the weights are sums over all steps and the whole batch.

The forward step:

    i[t]     = sigmoid(W.i x[t] + b.i + R.i h[t-1])              f, o in the same way; g with tanh
    c[t]     = f[t] ⊙ c[t-1] + i[t] ⊙ g[t]
    h[t]     = o[t] ⊙ tanh(c[t])

The backward step, from the last t to the first. It reads values with [t+1], which the step after has computed:

    d/h[t]   = k/h[t+1] + R.oᵀ d/R.o[t+1] + R.gᵀ d/R.g[t+1] + R.fᵀ d/R.f[t+1] + R.iᵀ d/R.i[t+1] + g/h[t]
    d/c[t]   = k/c[t+1] + d/h[t] ⊙ o[t] ⊙ (1 - tanh(c[t])²)
    d/o[t]   = d/h[t] ⊙ tanh(c[t])        d/R.o[t] = d/o[t] ⊙ o[t] ⊙ (1 - o[t])
    d/g[t]   = d/c[t] ⊙ i[t]              d/R.g[t] = d/g[t] ⊙ (1 - g[t]²)
    d/f[t]   = d/c[t] ⊙ c[t-1]            d/R.f[t] = d/f[t] ⊙ f[t] ⊙ (1 - f[t])
    d/i[t]   = d/c[t] ⊙ g[t]              d/R.i[t] = d/i[t] ⊙ i[t] ⊙ (1 - i[t])
    k/h[t]   = 0                          k/c[t]   = d/c[t] ⊙ f[t]

After the loop over the steps:

    d/x[t]   = W.oᵀ d/R.o[t] + W.gᵀ d/R.g[t] + W.fᵀ d/R.f[t] + W.iᵀ d/R.i[t]
    dR.i     = Σ d/R.i[t] h[t-1]ᵀ         dW.i     = Σ d/R.i[t] x[t]ᵀ         db.i = Σ d/R.i[t]

d/R.i[t] stands for three adjoints, because R.i h, W.i x and b.i are added up: their adjoints are equal. Kept from the
forward pass are i, f, g, o and the memory h, c; tanh(c[t]) is computed again, because it is pointwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gatebench.derive.partials import SLOW, partials, times
from gatebench.derive.prefixes import (
    POINTWISE_DX,
    adjoint_of,
    carried,
    output_gradient,
    part_of,
    recomputed,
    running_sum,
)
from gatebench.derive.program import PRODUCTS, Forward, Program, forward, inline, products, reads
from gatebench.spec.dated import DatedName, X
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import Expr, lift, name, ordered, rewrite, simplify, total

ONES = "1"
"""The operand of a bias in an `Outer`."""


@dataclass(frozen=True)
class Outer:
    """A sum of outer products that is the gradient of a weight: Σ over t and the batch of delta ⊗ operand.

    Attributes:
        weight: its name, such as "R.i".
        delta: the name of the adjoint of the product, such as "d/R.i[t]".
        operand: the name of the value that the weight multiplies, or `ONES` for a bias.
    """

    weight: str
    delta: DatedName
    operand: str


@dataclass(frozen=True, eq=False)
class Adjoint:
    """The backward pass.

    Attributes:
        forward: the forward step, in which the products that the backward pass reads have a name.
        backward: the backward step.
        arriving: by label of the memory, the part of its adjoint at step t that comes from step t + 1 and later.
        input: the adjoint of x[t].
        outers: the gradients of matrices, and of the biases that are added to a product.
        sums: pointwise weights; the gradient of each is its running sum over time, summed over the batch.
        saved: names of the forward values, except the memory, that are kept for the backward pass.
    """

    forward: Forward
    backward: Program
    arriving: Mapping[str, Expr]
    input: Expr
    outers: tuple[Outer, ...]
    sums: tuple[str, ...]
    saved: tuple[DatedName, ...]

    @property
    def deltas(self) -> tuple[DatedName, ...]:
        """Values of the backward step that a product reads one step later, or that a weight's gradient reads."""
        read = [outer.delta for outer in self.outers]
        read += [DatedName(outer.operand) for outer in self.outers if outer.operand in self.backward.formulas]
        return tuple(dict.fromkeys(read))


@lru_cache(maxsize=256)
def adjoint(definitions: Definitions, recompute: bool = False) -> Adjoint:
    """Return the backward pass of a cell.

    Args:
        definitions: the equations of the cell.
        recompute: whether to compute again, instead of keeping them, values that need only products with x and
            arithmetic. This is faster if x is narrow. Results of exp, log and similar functions are always kept.
    """
    return _Reverse(forward(definitions), definitions, recompute).finished()


class _Reverse:
    """Reverse-mode differentiation of one step, from its last definition to its first.

    Attributes:
        named_parts: by definition, the parts of its formula that got a name, because the backward pass reads them.
        uses: by name, the contributions to its adjoint from the same step.
        earlier: by label of the memory, the pointwise contributions to its adjoint at the step before.
        arriving: by label of the memory, the contributions to its adjoint from the step after.
        pointwise: by weight, the contributions to its gradient, for weights that act pointwise.
        deltas: by formula, the name of the adjoint of a product.
        outers: the gradients of matrices found so far.
        formulas: the backward step as far as it is found.
        widths: the widths of the backward step's values.
        pointwise_dx: the contributions to the adjoint of x that do not come through a product.
        product_dx: those that come through a product.
    """

    def __init__(self, program: Forward, definitions: Definitions, recompute: bool) -> None:
        self.program, self.parameters, self.recompute = program, definitions.parameters, recompute
        self.named_parts: dict[DatedName, dict[Expr, DatedName]] = {n: {} for n in program.formulas}
        self.uses: dict[DatedName, list[Expr]] = {}
        self.earlier: dict[str, list[Expr]] = {m: [] for m in program.memory}
        self.arriving: dict[str, list[Expr]] = {m: [name(carried(m).next)] for m in program.memory}
        self.pointwise: dict[str, list[Expr]] = {}
        self.deltas: dict[Expr, DatedName] = {}
        self.outers: list[Outer] = []
        self.formulas: dict[DatedName, Expr] = {}
        self.widths: dict[DatedName, str] = {}
        self.pointwise_dx: list[Expr] = []
        self.product_dx: list[Expr] = []

    def finished(self) -> Adjoint:
        """Differentiate all definitions and return the result."""
        reached: list[tuple[DatedName, DatedName]] = []
        for defined in reversed(list(self.program.formulas)):
            if defined.label in self.program.memory or self.uses.get(defined):
                own = adjoint_of(defined.label)
                # The entry keeps the place of the adjoint in the order. Its formula is complete only after the loop.
                self.formulas[own], self.widths[own] = lift(0.0), self.program.widths[defined]
                reached.append((own, defined))
                self._differentiate(defined, own)
        for own, defined in reached:
            self.formulas[own] = self._sum_of_adjoint(defined)
        for m, terms in self.earlier.items():
            self.formulas[carried(m)], self.widths[carried(m)] = total(terms), "H"
        sums = tuple(weight for weight in self.pointwise if not self._is_bias(weight))
        for weight in sums:
            own = running_sum(weight)
            self.formulas[own] = simplify(name(own.next) + total(self.pointwise[weight]))
            self.widths[own] = self.parameters[weight][0]
        if self.pointwise_dx:
            self.formulas[POINTWISE_DX], self.widths[POINTWISE_DX] = total(self.pointwise_dx), "I"
            self.product_dx.insert(0, name(POINTWISE_DX))
        return self._assembled(sums)

    def _sum_of_adjoint(self, defined: DatedName) -> Expr:
        """Return the adjoint of a definition: from later steps, from the layer above, from the same step."""
        later = self.arriving.get(defined.label, [])
        above = [name(output_gradient(defined.label))] if defined.label == self.program.memory[0] else []
        return total([*later, *above, *self.uses.get(defined, [])])

    def _differentiate(self, defined: DatedName, own: DatedName) -> None:
        """Send the adjoint `own` of a definition through its formula, to everything that the formula reads."""
        formula = self.program.formulas[defined]
        adjoints: dict[Expr, list[Expr]] = {formula: [name(own)]}
        for node in reversed(ordered([formula])):
            if node not in adjoints or (arrived := total(adjoints[node])).value == 0:
                continue
            if node.op == "matmul":
                self._add_product(node, arrived, self.program.widths[defined])
            elif node.op == "param":
                self.pointwise.setdefault(node.args[0], []).append(arrived)
            elif node.op == "name":
                self._add_use(node.args[0], arrived)
            else:
                derivatives = partials(node, lambda e: self._value(e, defined))
                for operand, partial in zip(node.operands, derivatives, strict=True):
                    if operand.op != "const":
                        adjoints.setdefault(operand, []).append(times(arrived, partial))

    def _value(self, node: Expr, defined: DatedName) -> Expr:
        """Return how the backward pass gets a value of the forward pass: by its name, or by computing it again."""
        if node == self.program.formulas[defined]:
            return name(defined)
        if node.op == "const" or not self._is_kept(node):
            return node
        known = self.named_parts[defined]
        return name(known.setdefault(node, part_of(defined, len(known))))

    def _is_kept(self, formula: Expr) -> bool:
        """Return whether a value is kept from the forward pass instead of computed again."""
        if not self.recompute:
            return bool(products(formula))
        return any(node.op in SLOW or (node.op in PRODUCTS and node.args[1] != name(X)) for node in ordered([formula]))

    def _add_product(self, node: Expr, arrived: Expr, width: str) -> None:
        """Add what the adjoint of a product contributes: to the weight's gradient and to the operand's adjoint."""
        weight, operand = node.args[0], node.args[1].args[0]
        if arrived not in self.deltas:
            self.deltas[arrived] = arrived.args[0] if arrived.op == "name" else adjoint_of(weight)
            if arrived.op != "name":
                self.formulas[self.deltas[arrived]], self.widths[self.deltas[arrived]] = arrived, width
        delta = self.deltas[arrived]
        self.outers.append(Outer(weight, delta, operand))
        if operand.is_previous:
            self.arriving[operand.label].append(Expr("matmul_t", (weight, name(delta.next))))
        else:
            contributions = self.product_dx if operand == X else self.uses.setdefault(operand, [])
            contributions.append(Expr("matmul_t", (weight, name(delta))))

    def _add_use(self, read: DatedName, arrived: Expr) -> None:
        """Add what a formula contributes pointwise to the adjoint of a value that it reads."""
        if read == X:
            self.pointwise_dx.append(arrived)
        elif read.is_previous:
            self.earlier[read.label].append(arrived)
        else:
            self.uses.setdefault(read, []).append(arrived)

    def _is_bias(self, weight: str) -> bool:
        """Return whether a pointwise weight is added to a product; its gradient is then a batch sum of that delta."""
        terms = self.pointwise[weight]
        if len(terms) == 1 and terms[0] in self.deltas:
            self.outers.append(Outer(weight, self.deltas[terms[0]], ONES))
            return True
        return False

    def _assembled(self, sums: tuple[str, ...]) -> Adjoint:
        """Return the result, with the forward values that are not kept put into the backward formulas."""
        program = self._with_named_parts()
        not_kept: dict[DatedName, Expr] = {}
        for n, formula in self.program.formulas.items():
            if n.label not in program.memory and not self._is_kept(formula):
                not_kept |= inline({n: formula}, not_kept)
        multiplied = {outer.operand for outer in self.outers} & not_kept.keys()
        new_names = {o: recomputed(o) for o in program.operands if o in multiplied}
        by_text: dict[str, str] = {str(old): new for old, new in new_names.items()}
        outers = tuple(Outer(o.weight, o.delta, by_text.get(o.operand, o.operand)) for o in self.outers)
        formulas = {new_names[o]: not_kept[o] for o in new_names} | inline(self.formulas, not_kept)
        widths = {new_names[o]: program.widths[o] for o in new_names} | self.widths
        read: set[str] = set().union(*map(reads, formulas.values()), {o.operand for o in outers}) - set(formulas)
        saved = tuple(n for n in program.formulas if n in read and n.label not in program.memory)
        arriving = {m: total(terms) for m, terms in self.arriving.items()}
        return Adjoint(program, Program(formulas, widths), arriving, total(self.product_dx), outers, sums, saved)

    def _with_named_parts(self) -> Forward:
        """Return the forward step, in which the parts that the backward pass reads are definitions of their own."""
        formulas, widths = dict[DatedName, Expr](), dict(self.program.widths)
        for defined, formula in self.program.formulas.items():
            known = {node: own for node, own in self.named_parts[defined].items() if node != formula}
            for node, own in sorted(known.items(), key=lambda item: len(ordered([item[0]]))):
                smaller = {n: name(other) for n, other in known.items() if n != node}
                formulas[own], widths[own] = rewrite(node, smaller.get), widths[defined]
            by_name = {n: name(own) for n, own in known.items()}
            formulas[defined] = rewrite(formula, by_name.get)
        return Forward(formulas, widths, self.program.memory, self.program.aliases, self.program.operands)
