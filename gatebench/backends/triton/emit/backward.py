"""The backward kernel: all steps of one tile of the batch from the last to the first, step by step.

It stores the adjoints δ of all products. The gradients of the matrices are products of δ after the loop
(`gatebench.backends.triton.gradients`); only the gradients of pointwise weights are summed up in the loop.
"""

from __future__ import annotations

from gatebench.backends.fused.emit.memory_layout import Plane
from gatebench.backends.triton.emit import kernel_text as text
from gatebench.backends.triton.emit.expressions import Expressions
from gatebench.backends.triton.emit.loads import Loads
from gatebench.backends.triton.emit.plan import KernelPlan, pointwise_names, vectors
from gatebench.backends.triton.emit.variables import pointer, variable, weight_variable
from gatebench.backends.triton.emit.visible import Visible
from gatebench.derive.prefixes import arriving, carried, is_accumulated, running_sum
from gatebench.spec.dated import DatedName, now, previous
from gatebench.spec.expression import Expr, names, ordered

STREAMS = ("x", "output", "memory", "saved", "incoming", "ring", "carry", "start")
"""The streams of the backward kernel, in the order of its arguments."""


def arguments(plan: KernelPlan) -> tuple[str, ...]:
    """Return the names of the kernel's addresses, in order."""
    return (*STREAMS, "lengths", *map(pointer, (*plan.backward_weights, *vectors(_all_formulas(plan)))))


def backward_kernel(plan: KernelPlan, on_chip: bool) -> str:
    """Return the text of the kernel `backward`; see `forward_kernel` for the arguments.

    `carry` (1, B, ·) holds the gradient of the memory after the last step; the sums of the gradients of pointwise
    weights are written there. `start` (1, B, ·) gets the gradient of the initial memory.
    """
    return _Backward(plan, on_chip).text()


def _all_formulas(plan: KernelPlan) -> list[Expr]:
    return [*plan.backward.values(), *plan.arriving.values()]


class _Backward:
    """Writes the backward kernel of one cell.

    Attributes:
        loaded: by variable, the planes that every step loads.
        chained: by variable of a memory's value at step t, the variable of its value at step t - 1, which is the
            value at step t of the iteration that follows.
    """

    def __init__(self, plan: KernelPlan, on_chip: bool) -> None:
        self.plan, self.layout, self.places, self.on_chip = plan, plan.layout, plan.layout.places, on_chip
        self.widths = self.layout.derived.backward.widths
        formulas = _all_formulas(plan)
        own = set(plan.backward)
        read = {n for formula in formulas for n in names(formula) if n not in own and not n.is_next}
        self.chained: dict[DatedName, DatedName] = {
            now(m): previous(m) for m in plan.memory if now(m) in read and previous(m) in read
        }
        ordered_reads = dict.fromkeys(n for f in formulas for n in names(f) if n in read and n not in self.chained)
        self.loaded = {variable(n): self.places[n] for n in ordered_reads}
        self.loads = Loads(plan, self.loaded, self._load, "-", "t > 0", ahead=on_chip)
        self.sums = tuple(running_sum(weight) for weight in self.layout.derived.sums)
        self.ring = {n: self.places[n] for n in plan.backward if n in self.places and self.places[n].stream == "ring"}
        operands = (node.args[1].args[0] for node in ordered(formulas) if node.op in ("matmul", "matmul_t"))
        assert set(operands) <= set(self.ring), "a product reads a value that is not stored"

    def text(self) -> str:
        """Return the source of the kernel."""
        plan, memory = self.plan, self.plan.memory
        starts = [self.places[arriving(m)] for m in memory]
        carries = {arriving(m).next: self.places[carried(m)] for m in memory}
        carries |= {s.next: self.places[s] for s in self.sums}
        chained = {n: self.places[n] for n in self.chained}
        places = [*self.loaded.values(), *chained.values(), *self.ring.values(), *carries.values(), *starts]
        shapes = [axis for w in plan.backward_weights for axis in self.layout.shapes[w]]
        widths = sorted({"H", *(p.width for p in places), *(self.widths[n] for n in plan.backward), *shapes})
        moving = dict.fromkeys(p.stream for p in (*self.loaded.values(), *chained.values(), *self.ring.values()))
        setup = [
            *text.tile_setup(widths),
            *text.offsets(plan, places),
            *text.matrix_loads(plan, plan.backward_weights if self.on_chip else (), transposed=False),
            *text.vector_loads(plan, vectors(_all_formulas(plan))),
            *(f"{stream} += tl.cast(T - 1, tl.int64) * {text.step(plan, stream)}" for stream in moving),
            *(f"{variable(n)} = {self._first(n, p)}" for n, p in carries.items()),
            *(f"{variable(n)} = {self._load(p)}" for n, p in chained.items()),
            *self.loads.before_the_loop(),
        ]
        end = [
            text.store(text.address(plan, p), variable(arriving(m).next), p.width)
            for m, p in zip(memory, starts, strict=True)
        ]
        end += [text.store(text.address(plan, self.places[s]), variable(s.next), self.widths[s]) for s in self.sums]
        addresses = ", ".join(arguments(plan))
        return (
            f"{text.DECORATOR}\ndef backward(\n    {addresses},\n    {text.SIZES},\n):\n{text.indented(setup)}"
            f"    for k in range(T):\n{text.indented(self._step(widths), 2)}{text.indented(end)}"
        )

    def _step(self, widths: list[str]) -> list[str]:
        plan = self.plan
        lines = ["t = T - 1 - k", *self.loads.at_the_start(), *(text.alive(width) for width in widths)]
        expressions = Expressions(_all_formulas(plan), self._leaf)
        visible = Visible(self.on_chip, _all_formulas(plan))
        for defined, formula in plan.backward.items():
            lines += [*self._missing(formula), *visible.before(formula)]
            value = text.whole(expressions.text(formula), formula, self.widths[defined])
            lines += expressions.take_lines()
            lines += self._definition(defined, value)
            visible.stored(defined)
        for formula in plan.arriving.values():
            lines += [*self._missing(formula), *visible.before(formula)]
        arrived = {m: text.whole(expressions.text(formula), formula, "H") for m, formula in plan.arriving.items()}
        lines += expressions.take_lines()
        for m, value in arrived.items():
            after = variable(arriving(m).next)
            lines.append(f"{after} = tl.where(alive_H, {value}, {after})")
        written = dict.fromkeys(where.stream for where in self.ring.values())
        lines += [f"{stream} -= {text.step(plan, stream)}" for stream in written]
        lines += [f"{variable(present)} = {variable(before)}" for present, before in self.chained.items()]
        return [*lines, *self.loads.at_the_end()]

    def _missing(self, formula: Expr) -> list[str]:
        """Return the loads that a formula needs."""
        return self.loads.before(set(map(variable, pointwise_names(formula))))

    def _definition(self, defined: DatedName, value: str) -> list[str]:
        """Return the lines that compute a value, and store it if it is a delta."""
        width, own = self.widths[defined], variable(defined)
        if is_accumulated(defined):
            after = variable(defined.next)
            return [f"{after} = tl.where(alive_{width}, {value}, {after})"]
        if defined not in self.ring:
            return [f"{own} = {value}"]
        store = text.store(text.address(self.plan, self.ring[defined]), own, width)
        return [f"{own} = tl.where(alive_{width}, {value}, 0.0)", store]

    def _first(self, name: DatedName, where: Plane) -> str:
        """Return the first value of what the steps carry: a gradient of the final memory, or 0 for a sum."""
        if is_accumulated(name):
            return f"tl.zeros((ROWS, WIDE_{where.width}), tl.float32)"
        return self._load(where)

    def _load(self, where: Plane, condition: str = "") -> str:
        shift = where.shift if where.stream in ("output", "memory") else 0
        return text.load(text.address(self.plan, where, str(shift or "")), where.width, condition)

    def _leaf(self, node: Expr) -> str:
        if node.op == "param":
            return weight_variable(node.args[0])
        if node.op == "name":
            return variable(node.args[0])
        return text.product(node) if self.on_chip else text.streamed_product(self.plan, node)
