"""A program in stages. Each stage loops over the units: it computes its products, then its pointwise definitions.

A product reads all units of its operand, so it belongs to a later stage than the operand. Products that are added up
become one `dot`: Expr("dot", ((weight, name, transposed), …)), which a backend accumulates in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatebench.derive.program import PRODUCTS, Program, reads
from gatebench.spec.dated import DatedName
from gatebench.spec.expression import Expr, ordered, simplify, total

Term = tuple[str, DatedName, bool]
"""One product of a dot: the weight, the name it multiplies, and whether the weight is transposed."""


@dataclass(frozen=True, eq=False)
class Stage:
    """A part of a program that is computed in one loop over the units.

    Attributes:
        width: "H" or "I", the number of units of the loop.
        formulas: by name, the formulas that it computes.
        dots: the sums of products in these formulas.
    """

    width: str
    formulas: Mapping[DatedName, Expr]
    dots: tuple[Expr, ...]

    @property
    def operands(self) -> tuple[DatedName, ...]:
        """The names that its products read."""
        return tuple(dict.fromkeys(operand for dot in self.dots for _, operand, _ in dot.args))


def schedule(program: Program) -> tuple[Stage, ...]:
    """Return the stages of a program, in the order in which they can run."""
    place: dict[DatedName, int] = {}
    lowered = {n: collect_dots(formula) for n, formula in program.formulas.items()}
    for defined in _after_their_reads(lowered):
        place[defined] = _earliest(defined, lowered[defined], program.widths, place)
    for defined in place:  # a carried value is replaced no sooner than it was last read
        replaced = defined.next
        place[defined] = max([place[defined], *(place[n] for n in place if replaced in reads(lowered[n]))])
    stages = []
    for level in range(max(place.values()) + 1):
        for width in ("I", "H"):
            own = {n: lowered[n] for n in place if place[n] == level and program.widths[n] == width}
            if own:
                dots = dict.fromkeys(node for f in own.values() for node in ordered([f]) if node.op == "dot")
                stages.append(Stage(width, own, tuple(dots)))
    return tuple(stages)


def terms(dot: Expr) -> tuple[Term, ...]:
    """Return the products that a dot adds up."""
    return dot.args


def collect_dots(node: Expr) -> Expr:
    """Return a formula in which added matrix products are one dot. This changes the order of the additions."""
    if node.op in PRODUCTS or node.op == "add":
        addends = _addends(node)
        products = tuple((a.args[0], a.args[1].args[0], a.op == "matmul_t") for a in addends if a.op in PRODUCTS)
        others = [collect_dots(a) for a in addends if a.op not in PRODUCTS]
        return total([*others, Expr("dot", products)]) if products else total(others)
    return simplify(Expr(node.op, tuple(collect_dots(a) if isinstance(a, Expr) else a for a in node.args)))


def _addends(node: Expr) -> list[Expr]:
    return [a for operand in node.operands for a in _addends(operand)] if node.op == "add" else [node]


def _after_their_reads(formulas: Mapping[DatedName, Expr]) -> list[DatedName]:
    done: dict[DatedName, None] = {}

    def visit(wanted: DatedName) -> None:
        if wanted in formulas and wanted not in done:
            for read in (*reads(formulas[wanted]), *_multiplied(formulas[wanted])):
                visit(read)
            done[wanted] = None

    for n in formulas:
        visit(n)
    return list(done)


def _multiplied(formula: Expr) -> set[DatedName]:
    return {operand for node in ordered([formula]) if node.op == "dot" for _, operand, _ in terms(node)}


def _earliest(
    defined: DatedName, formula: Expr, widths: Mapping[DatedName, str], place: Mapping[DatedName, int]
) -> int:
    pointwise = [place[r] + (widths[r] != widths[defined]) for r in reads(formula) if r in place]
    products = [place[r] + 1 for r in _multiplied(formula) if r in place]
    return max([0, *pointwise, *products])
