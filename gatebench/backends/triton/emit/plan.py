"""What the kernels of a cell compute in the time loop, and where their values lie in memory.

The places are those of the backend `fused`: a stream is a table (slots, B, columns), and a plane is the columns of one
value (`gatebench.backends.fused.emit.memory_layout`). Here the planes have no padding, and the stream `ring`, which
holds the adjoints δ of all products, has a slot for every step. One stream is added: `hoisted` (T) holds the products
W x of all steps, which are computed before the loop as one matrix product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gatebench.backends.fused.emit.memory_layout import MemoryLayout, Plane, memory_layout
from gatebench.derive.prefixes import arriving, carried, is_accumulated
from gatebench.derive.program import PRODUCTS, products
from gatebench.spec.dated import DatedName, X, now
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import Expr, name, names, ordered, rewrite

HOISTED = "hoisted"
"""The stream of the products with x."""

STREAMS = ("x", HOISTED, "output", "memory", "saved", "traced", "incoming", "ring", "carry", "start")
"""The streams that the kernels read and write."""


@dataclass(frozen=True, eq=False)
class KernelPlan:
    """What the two kernels of a cell compute.

    Attributes:
        layout: the place of each value.
        hoisted: by weight, the plane of its product with x.
        forward: the formulas of the forward step.
        backward: the formulas of the backward step, except those of the next attribute.
        arriving: by label of the memory, the adjoint that a step gives to the step before.
        forward_weights: the matrices that the forward kernel holds on chip.
        backward_weights: the matrices that the backward kernel holds on chip.
        columns: by stream, how many planes of width H and of width I a row has.
    """

    layout: MemoryLayout
    hoisted: Mapping[str, Plane]
    forward: Mapping[DatedName, Expr]
    backward: Mapping[DatedName, Expr]
    arriving: Mapping[str, Expr]
    forward_weights: tuple[str, ...]
    backward_weights: tuple[str, ...]
    columns: Mapping[str, tuple[int, int]]

    @property
    def memory(self) -> tuple[str, ...]:
        """Labels of the values that the next step reads, the output first."""
        return self.layout.derived.forward.memory

    @property
    def loop_streams(self) -> tuple[str, ...]:
        """The streams that a formula of the time loop reads pointwise, x among them only if that is so."""
        formulas = (*self.forward.values(), *self.backward.values(), *self.arriving.values())
        read = {n for formula in formulas for n in pointwise_names(formula)}
        return tuple(dict.fromkeys(where.stream for n, where in self.layout.places.items() if n in read))

    def row_length(self, stream: str, H: int, I: int) -> int:  # noqa: E741
        """Return how many numbers a row of a stream has."""
        many_H, many_I = self.columns[stream]
        return many_H * H + many_I * I


@lru_cache(maxsize=256)
def plan(definitions: Definitions) -> KernelPlan:
    """Return what the kernels of a cell compute."""
    layout = memory_layout(definitions)
    derived = layout.derived
    forward = derived.forward.formulas
    hoisted: dict[str, Plane] = {}
    counts = {"H": 0, "I": 0}
    for weight in _multiplying(forward.values(), of_input=True):
        width = layout.shapes[weight][0]
        hoisted[weight] = Plane(HOISTED, counts["H"], counts["I"], width)
        counts[width] += 1
    backward, at_the_end = _backward(layout)
    columns = {stream: layout.columns[stream] for stream in STREAMS if stream != HOISTED}
    return KernelPlan(
        layout,
        hoisted,
        forward,
        backward,
        at_the_end,
        _multiplying(forward.values(), of_input=False),
        _multiplying([*backward.values(), *at_the_end.values()], of_input=False),
        columns | {HOISTED: (counts["H"], counts["I"])},
    )


def _backward(layout: MemoryLayout) -> tuple[dict[DatedName, Expr], dict[str, Expr]]:
    """Return the backward step, and the adjoints that it gives to the step before.

    The derived program lets a step read the deltas of the step after, as in d/h[t] = k/h[t+1] + R.iᵀ d/R.i[t+1] + …
    The kernel computes this sum, a/h, at the end of the step after instead, so that one tile is carried for each state
    and not one for each delta: d/h[t] = a/h[t+1] + …
    """
    derived = layout.derived
    received = {formula: name(arriving(m).next) for m, formula in derived.arriving.items()}
    formulas = {defined: rewrite(formula, received.get) for defined, formula in derived.backward.formulas.items()}
    contributions = {carried(m): formulas.pop(carried(m)) for m in derived.forward.memory}
    present: dict[str, Expr] = {
        **{carried(m).next: formula for m, formula in zip(derived.forward.memory, contributions.values(), strict=True)},
        **{delta.next: name(delta) for delta in derived.deltas},
    }

    def one_step_earlier(node: Expr) -> Expr | None:
        if node.op in PRODUCTS:
            weight, operand = node.args
            return Expr(node.op, (weight, present[operand.args[0]]))
        return present.get(node.args[0]) if node.op == "name" else None

    at_the_end = {m: rewrite(formula, one_step_earlier) for m, formula in derived.arriving.items()}
    for defined, formula in formulas.items():
        later = {n for n in names(formula) if n.is_next} - {arriving(m).next for m in derived.forward.memory}
        assert later <= {defined.next} or not later, f"{defined} reads {later}"
        assert not later or is_accumulated(defined), f"{defined} is no running sum"
    return formulas, at_the_end


def _multiplying(formulas: Iterable[Expr], of_input: bool) -> tuple[str, ...]:
    """Return the matrices that multiply x[t] itself, or those that multiply another value."""
    found = (node for formula in formulas for node in products(formula))
    return tuple(dict.fromkeys(node.args[0] for node in found if (node.args[1].args[0] == X) == of_input))


def pointwise_names(formula: Expr) -> set[DatedName]:
    """Return the names that a formula reads outside of matrix products."""
    if formula.op in PRODUCTS:
        return set()
    own = {formula.args[0]} if formula.op == "name" else set()
    return own.union(*(pointwise_names(operand) for operand in formula.operands))


def vectors(formulas: Iterable[Expr]) -> tuple[str, ...]:
    """Return the pointwise weights that formulas read."""
    return tuple(dict.fromkeys(node.args[0] for node in ordered(formulas) if node.op == "param"))


def gate_names(layout: MemoryLayout) -> frozenset[DatedName]:
    """Return the dated names of the gates that a trace returns, with aliases replaced."""
    aliases = layout.derived.forward.aliases
    return frozenset(aliases.get(now(gate), now(gate)) for gate in layout.gates)
