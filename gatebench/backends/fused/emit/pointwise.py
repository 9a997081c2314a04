"""C for the pointwise part of a stage: straight-line code for one sequence and one vector of units."""

from __future__ import annotations

from collections.abc import Mapping

from gatebench.backends.fused.emit.memory_layout import MemoryLayout, Plane
from gatebench.backends.fused.emit.products import columns, plane
from gatebench.backends.fused.emit.schedule import Stage
from gatebench.spec.expression import Expr

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


class Pointwise:
    """The C statements for one sequence and one vector of units; equal parts of formulas are computed once.

    Sample for lstm::

        const vec y17 = y7 * y16;
        const vec y18 = y3 * y11;
        const vec y19 = y17 + y18;
        const vec y20 = v_tanh(y19);
        const vec y21 = y15 * y20;
        store_saved(a->non_temporal, p0 + b * c0 + j, y3, B * c0);

    Attributes:
        bases: declarations of the planes that are read or written.
        lines: the computation, then the stores: a value that is replaced was read before.
        zeros: what is stored for a sequence that has ended.

    Args:
        layout: where everything lies.
        stage: the stage.
        dots: how its products are written, for vector j of sequence b.
        unstored: streams whose values stay variables.
    """

    def __init__(
        self, layout: MemoryLayout, stage: Stage, dots: Mapping[Expr, str], unstored: tuple[str, ...] = ()
    ) -> None:
        self.layout, self.dots, self.unstored, self.back = layout, dots, unstored, stage in layout.backward
        self.bases: list[str] = []
        self.lines: list[str] = []
        self.zeros: list[str] = []
        self._planes: dict[str, str] = {}
        self._known: dict[Expr, str] = {}
        self._local: dict[str, str] = {}
        self._write(stage)

    def local(self, defined: str) -> str:
        """Return the variable that holds a definition's value."""
        return self._local[defined]

    def _write(self, stage: Stage) -> None:
        stores = []
        for defined, formula in stage.formulas.items():
            self._local[defined] = self._value(formula)
            where = self.layout.places.get(defined)
            if where and where.stream not in self.unstored:
                stores += self._stored(defined, where)
                if where.stream != "carry":
                    self.zeros.append(f"store({self._address(defined)}, (vec){{0}});")
        self.lines += stores

    def _stored(self, defined: str, where: Plane) -> list[str]:
        address, value = self._address(defined), self._local[defined]
        next_row = f"B * c{self._planes[plane(where)]}"
        if where.stream in ("saved", "traced") and defined not in self.layout.crossing:
            traced = "if (TRACED) " if where.stream == "traced" else ""
            return [f"{traced}store_saved(a->non_temporal, {address}, {value}, {next_row});"]
        fetch = [f"FETCHW({address} + {next_row});"] if where.stream in ("memory", "output") else []
        return [f"store({address}, {value});", *fetch]

    def _address(self, name: str) -> str:
        where = self.layout.places[name]
        pointer = plane(where)
        if pointer not in self._planes:
            self._planes[pointer] = f"{len(self._planes)}"
            number = self._planes[pointer]
            self.bases.append(f"real *const p{number} = {pointer}; /* {name} */")
            self.bases.append(f"const int64_t c{number} = {columns(where.stream)};")
        return "p{0} + b * c{0} + j".format(self._planes[pointer])

    def _fetch(self, name: str) -> None:
        """Prefetch the value of step t - 1, which the backward pass reads next. The hardware does not foresee it."""
        where = self.layout.places[name]
        if self.back and where.stream in ("saved", "memory", "output", "incoming") and not where.shift:
            address = self._address(name)
            self.lines.append(f"FETCH({address} - B * c{self._planes[plane(where)]});")

    def _value(self, node: Expr) -> str:
        if node.op == "name" and node.args[0] in self._local:
            return self._local[node.args[0]]
        if node not in self._known:
            text = self._text(node)
            self._known[node] = f"y{len(self._known)}"
            self.lines.append(f"const vec {self._known[node]} = {text};")
        return self._known[node]

    def _text(self, node: Expr) -> str:
        match node.op:
            case "name":
                self._fetch(node.args[0])
                return f"load({self._address(node.args[0])})"
            case "const":
                return f"splat((real){node.args[0]!r})"
            case "param":
                return f"load(a->vector[{self.layout.vectors.index(node.args[0])}] + j)"
            case "dot":
                return self.dots[node]
        if node.op == "sigmoid" and Expr("sigmoid", (_opposite(node.operands[0]),)) in self._known:
            return self._other_side(node)
        operands = [self._value(operand) for operand in node.operands]
        if node.op == "neg":
            return f"-{operands[0]}"
        if node.op in _INFIX:
            return f"{operands[0]} {_INFIX[node.op]} {operands[1]}"
        return f"v_{node.op}({', '.join(operands)})"

    def _other_side(self, node: Expr) -> str:
        """Return σ(-a) = e^-a σ(a) if σ(a) is known. The compiler sees that e^-a was computed for σ(a) too."""
        a = _opposite(node.operands[0])
        return f"at_most(decay({self._value(a)}) * {self._known[Expr('sigmoid', (a,))]}, 1)"


def _opposite(node: Expr) -> Expr:
    """Return -node, in the form that a cell's formula has."""
    if node.op == "sub":
        return Expr("sub", node.args[::-1])
    return node.operands[0] if node.op == "neg" else Expr("neg", (node,))
