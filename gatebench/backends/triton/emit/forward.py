"""The forward kernel: all steps of one tile of the batch."""

from __future__ import annotations

from gatebench.backends.fused.emit.memory_layout import Plane
from gatebench.backends.triton.emit import kernel_text as text
from gatebench.backends.triton.emit.expressions import Expressions
from gatebench.backends.triton.emit.loads import Loads
from gatebench.backends.triton.emit.plan import HOISTED, KernelPlan, gate_names, pointwise_names, vectors
from gatebench.backends.triton.emit.variables import pointer, variable, weight_variable
from gatebench.backends.triton.emit.visible import Visible
from gatebench.derive.program import products
from gatebench.spec.dated import DatedName, X, now, previous
from gatebench.spec.expression import Expr

STREAMS = ("x", HOISTED, "output", "memory", "saved", "traced")
"""The streams of the forward kernel, in the order of its arguments."""

_FEW_PRODUCTS = 9


def arguments(plan: KernelPlan) -> tuple[str, ...]:
    """Return the names of the kernel's addresses, in order."""
    weights = (*plan.forward_weights, *vectors(plan.forward.values()))
    return (*STREAMS, "final", "lengths", *map(pointer, weights))


def forward_kernel(plan: KernelPlan, on_chip: bool) -> str:
    """Return the text of the kernel `forward`.

    Args:
        plan: the cell's kernels.
        on_chip: whether the matrices are loaded once, before the loop. If not, every step reads them from memory, and
            KEEP and TRACED must be true, because the operands of products are read from their streams, too.

    Each step reads the hoisted products of its tile. It computes the formulas, stores the memory, stores the values
    that the backward pass reads (KEEP) and the gates (TRACED), and carries the memory to the next step in registers.
    `final` (B, states · H) gets the memory after the last step.

    A value that is stored or multiplied is set to 0 in padded units and after the end of its sequence.
    """
    return _Forward(plan, on_chip).text()


class _Forward:
    """Writes the forward kernel of one cell."""

    def __init__(self, plan: KernelPlan, on_chip: bool) -> None:
        self.plan, self.layout, self.on_chip = plan, plan.layout, on_chip
        self.widths = self.layout.derived.forward.widths
        self.reads_x = any(X in pointwise_names(formula) for formula in plan.forward.values())
        self.loaded = {variable_of_product(w): where for w, where in plan.hoisted.items()}
        if self.reads_x:
            self.loaded[variable(X)] = self.layout.places[X]
        self.loads = Loads(plan, self.loaded, self._load, "+", "t + 1 < T", ahead=self._is_short(plan))
        self.stored = {n: where for n in plan.forward if (where := self.layout.places.get(n)) and self._is_stored(n)}

    def text(self) -> str:
        """Return the source of the kernel."""
        plan, memory = self.plan, self.plan.memory
        places = [*self.loaded.values(), *self.stored.values()]
        shapes = [axis for w in plan.forward_weights for axis in self.layout.shapes[w]]
        widths = sorted({"H", *(p.width for p in places), *self.widths.values(), *shapes})
        initial = {m: self.layout.places[previous(m)] for m in memory}
        own = [p for p in initial.values() if p not in places]
        setup = [
            *text.tile_setup(widths),
            *text.offsets(plan, [*places, *own]),
            *text.matrix_loads(plan, plan.forward_weights if self.on_chip else (), transposed=True),
            *text.vector_loads(plan, vectors(plan.forward.values())),
            *(f"{variable(previous(m))} = {text.load(text.address(plan, p), 'H')}" for m, p in initial.items()),
            *self.loads.before_the_loop(),
        ]
        end = [
            text.store(f"final + rows[:, None] * {len(memory)} * H + {i} * H + units_H[None, :]", before, "H")
            for i, before in enumerate(variable(previous(m)) for m in memory)
        ]
        addresses = ", ".join(arguments(plan))
        return (
            f"{text.DECORATOR}\ndef forward(\n    {addresses},\n    {text.SIZES},\n"
            f"    KEEP: tl.constexpr, TRACED: tl.constexpr,\n):\n"
            f"{text.indented(setup)}    for t in range(T):\n{text.indented(self._step(widths), 2)}{text.indented(end)}"
        )

    def _step(self, widths: list[str]) -> list[str]:
        plan = self.plan
        lines = [*self.loads.at_the_start(), *(text.alive(width) for width in widths)]
        expressions = Expressions(plan.forward.values(), self._leaf)
        visible = Visible(self.on_chip, plan.forward.values())
        lines += visible.at_the_start()
        for defined, formula in plan.forward.items():
            lines += [*self.loads.before(_variables_read(formula)), *visible.before(formula)]
            value = text.whole(expressions.text(formula), formula, self.widths[defined])
            lines += expressions.take_lines()
            lines += self._definition(defined, value)
            visible.stored(defined)
        written = dict.fromkeys(where.stream for where in self.stored.values())
        lines += [f"{stream} += {text.step(plan, stream)}" for stream in written]
        for m in plan.memory:
            before = variable(previous(m))
            lines.append(f"{before} = tl.where(alive_H, {variable(now(m))}, {before})")
        return [*lines, *self.loads.at_the_end()]

    def _definition(self, defined: DatedName, value: str) -> list[str]:
        """Return the lines that compute a value, and store it if it has a place."""
        width, where = self.widths[defined], self.stored.get(defined)
        if where is None and defined not in self.layout.derived.forward.operands:
            return [f"{variable(defined)} = {value}"]
        lines = [f"{variable(defined)} = tl.where(alive_{width}, {value}, 0.0)"]
        if where is not None:
            store = text.store(text.address(self.plan, where, str(where.shift or "")), variable(defined), width)
            condition = _condition(where)
            lines += [f"if {condition}:", f"    {store}"] if condition else [store]
        return lines

    def _is_stored(self, defined: DatedName) -> bool:
        multiplied = not self.on_chip and defined in self.layout.derived.forward.operands
        return self.layout.places[defined].stream != "traced" or defined in gate_names(self.layout) or multiplied

    @staticmethod
    def _is_short(plan: KernelPlan) -> bool:
        """Return whether a step has few products, so that registers are left for the values of the next step."""
        return len(plan.forward_weights) <= _FEW_PRODUCTS

    def _load(self, where: Plane, condition: str) -> str:
        return text.load(text.address(self.plan, where), where.width, condition)

    def _leaf(self, node: Expr) -> str:
        if node.op == "param":
            return weight_variable(node.args[0])
        if node.op == "name":
            return variable(node.args[0])
        if node.args[1].args[0] == X:
            return variable_of_product(node.args[0])
        return text.product(node) if self.on_chip else text.streamed_product(self.plan, node)


def variable_of_product(weight: str) -> str:
    """Return the variable of the hoisted product of a matrix with x: "W.i" → "W_i_x"."""
    return f"{weight_variable(weight)}_x"


def _variables_read(formula: Expr) -> set[str]:
    """Return the variables of a formula's names, and those of its products with x."""
    of_x = {variable_of_product(node.args[0]) for node in products(formula) if node.args[1].args[0] == X}
    return of_x | set(map(variable, pointwise_names(formula)))


def _condition(where: Plane) -> str:
    return {"memory": "KEEP", "saved": "KEEP", "traced": "TRACED"}.get(where.stream, "")
