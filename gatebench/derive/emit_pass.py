"""C for one pass: for each tile of units its products, then the pointwise part on them while they are in the cache."""

from __future__ import annotations

from gatebench.derive.emit_products import MOST, across, groups, packed_size, packing, plane, products
from gatebench.derive.layout import Layout
from gatebench.derive.schedule import Pass
from gatebench.expression import Expr

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


def pass_text(plan: Layout, name: str, step: Pass) -> str:
    """Return a pass as C: `{name}_reals` and `{name}_pack` for its weights, and `{name}_run`."""
    wide = across(step)
    own = [products(plan, f"{name}_{i}", group, wide) for i, group in enumerate(groups(step))]
    return "\n".join(
        [f"/* {name}: {', '.join(step.formulas)} */", *own, packing(plan, name, step), _run(plan, name, step)]
    )


def _run(plan: Layout, name: str, step: Pass) -> str:
    """Return the function that runs a pass from step t up to `until`, for the sequences first to last."""
    wide = across(step)
    point = _Pointwise(plan, step)
    body, zeros, bases = (
        _indented(lines, depth) for lines, depth in ((point.lines, 5), (point.zeros, 6), (point.bases, 3))
    )
    most = f"ACCUMULATORS / {min(MOST, max(1, len(step.dots))) * wide}"
    calls = []
    first = "w"
    for i, group in enumerate(groups(step)):
        calls.append(f"{name}_{i}_products((int)rows, a, {first}, t, row, tile + {i * MOST * wide} * most);")
        first += f" + {packed_size(plan, group, wide)}"
    return f"""
APART void {name}_run(const Call *a, const real *w, int64_t from, int64_t until, int64_t first, int64_t last) {{
    enum {{ most = {most} }};
    const int64_t units = padded(a->{step.width}) / LANES, tiles = {name}_tiles(a);
    const int64_t B = a->B, *const lengths = a->lengths;
    vec tile[most * {max(1, len(step.dots)) * wide}];
    for (int64_t u = 0; u < tiles; u++, w += {name}_tile(a)) {{
        for (int64_t t = from; t < until; t++) {{
{bases}
            for (int64_t row = first, rows; row < last; row += rows) {{
                rows = block_rows(last - row, most);
{_indented(calls, 4)}
                for (int64_t r = 0; r < rows; r++) for (int64_t v = 0; v < {wide} && u * {wide} + v < units; v++) {{
                    const int64_t b = row + r, j = (u * {wide} + v) * LANES;
                    if (lengths && t >= lengths[b]) {{
{zeros}
                        continue;
                    }}
{body}
                }}
            }}
        }}
    }}
    (void)w, (void)tile, (void)B;
}}
"""


def _indented(lines: list[str], depth: int) -> str:
    return "\n".join("    " * depth + line for line in lines)


class _Pointwise:
    """The straight-line part for one sequence and one vector of units; equal parts of formulas are computed once.

    Attributes:
        bases: declarations of the planes that are read or written.
        lines: the computation, then the stores: a value that is replaced was read before.
        zeros: what is stored for a sequence that has ended.
    """

    def __init__(self, plan: Layout, step: Pass) -> None:
        self.plan, self.wide, self.back = plan, across(step), step in plan.step
        self.tiles: dict[Expr, str] = {}
        for i, group in enumerate(groups(step)):
            for number, dot in enumerate(group):
                first = f"{i * MOST * self.wide} * most + r * {len(group) * self.wide} + {number * self.wide} + v"
                self.tiles[dot] = f"tile[{first}]"
        self.bases: list[str] = []
        self.lines: list[str] = []
        self.zeros: list[str] = []
        self._planes: dict[str, str] = {}
        self._known: dict[Expr, str] = {}
        self._local: dict[str, str] = {}
        self._write(step)

    def _write(self, step: Pass) -> None:
        stores = []
        for defined, formula in step.formulas.items():
            self._local[defined] = self._value(formula)
            if defined in self.plan.places:
                address = self._address(defined)
                stores.append(f"store({address}, {self._local[defined]});")
                where = self.plan.places[defined]
                if where.stream in ("saved", "memory", "output"):
                    stores.append(f"FETCHW({address} + B * c{self._planes[plane(where)]});")
                if self.plan.places[defined].stream != "carry":
                    self.zeros.append(f"store({address}, (vec){{0}});")
        self.lines += stores

    def _address(self, name: str) -> str:
        where = self.plan.places[name]
        pointer = plane(where)
        if pointer not in self._planes:
            self._planes[pointer] = f"{len(self._planes)}"
            number = self._planes[pointer]
            self.bases.append(f"real *const p{number} = {pointer}; /* {name} */")
            self.bases.append(f"const int64_t c{number} = COLUMNS({where.stream});")
        return "p{0} + b * c{0} + j".format(self._planes[pointer])

    def _fetch(self, name: str) -> None:
        """Ask for what the next step back will read here: rows lie too far apart for the hardware to guess."""
        where = self.plan.places[name]
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
                return f"load(a->vector[{self.plan.vectors.index(node.args[0])}] + j)"
            case "dot":
                return self.tiles[node]
        operands = [self._value(operand) for operand in node.operands]
        if node.op == "neg":
            return f"-{operands[0]}"
        if node.op in _INFIX:
            return f"{operands[0]} {_INFIX[node.op]} {operands[1]}"
        return f"v_{node.op}({', '.join(operands)})"
