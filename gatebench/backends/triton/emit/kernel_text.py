"""The parts that the forward and the backward kernel have in common: loads, stores, masks, matrix products."""

from __future__ import annotations

from collections.abc import Iterable

from gatebench.backends.fused.emit.memory_layout import Plane
from gatebench.backends.triton.emit.plan import KernelPlan
from gatebench.backends.triton.emit.variables import pointer, variable, weight_variable
from gatebench.spec.expression import Expr

SIZES = """T, B, H: tl.constexpr, I: tl.constexpr,
    ROWS: tl.constexpr, WIDE_H: tl.constexpr, WIDE_I: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_I: tl.constexpr,
    LENGTHS: tl.constexpr, PRECISION: tl.constexpr"""
"""The arguments that both kernels have after their addresses."""

DECORATOR = '@triton.jit(do_not_specialize=["T", "B"])'
"""T and B are values at run time: one compiled kernel serves all of them."""


def indented(lines: Iterable[str], depth: int = 1) -> str:
    """Return lines as a text, indented."""
    return "".join(f"{'    ' * depth}{line}\n" for line in lines)


def tile_setup(widths: Iterable[str]) -> list[str]:
    """Return the lines for the rows and the units of a program's tile, and for the ends of its sequences."""
    lines = [
        "rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)",
        "if LENGTHS:",
        "    ends = tl.load(lengths + rows, mask=rows < B, other=0).to(tl.int32)",
        "else:",
        "    ends = tl.zeros((ROWS,), tl.int32) + T",
    ]
    for width in widths:
        lines += [
            f"units_{width} = tl.arange(0, WIDE_{width})",
            f"in_{width} = units_{width} < {width}",
            f"inside_{width} = (rows < B)[:, None] & in_{width}[None, :]",
        ]
    return lines


def columns(plan: KernelPlan, stream: str) -> str:
    """Return the expression for the length of a stream's rows: "(4 * H + 1 * I)"."""
    return _sum(*plan.columns[stream])


def _sum(many_H: int, many_I: int) -> str:
    parts = [f"{many} * {width}" for many, width in ((many_H, "H"), (many_I, "I")) if many]
    return f"({' + '.join(parts) or '0'})"


def address(plan: KernelPlan, where: Plane, slot: str = "") -> str:
    """Return the expression for the addresses of a plane of the present step; see `offsets`.

    Args:
        plan: the cell's kernels.
        where: the plane.
        slot: an expression of slots to add.
    """
    terms = [where.stream, f"at_{where.stream}_{where.width}"]
    if where.h_before or where.i_before:
        terms.append(_sum(where.h_before, where.i_before))
    if slot:
        terms.append(f"{slot} * {step(plan, where.stream)}")
    return " + ".join(terms)


def offsets(plan: KernelPlan, places: Iterable[Plane]) -> list[str]:
    """Return the lines for the offsets of a tile in each stream, from the beginning of a plane."""
    pairs = dict.fromkeys((where.stream, where.width) for where in places)
    return [
        f"at_{stream}_{width} = rows[:, None] * {columns(plan, stream)} + units_{width}[None, :]"
        for stream, width in pairs
    ]


def step(plan: KernelPlan, stream: str) -> str:
    """Return the expression for the distance of two slots."""
    return f"(B * {columns(plan, stream)})"


def load(address: str, width: str, condition: str = "") -> str:
    """Return the expression that loads a tile as float32; elsewhere it is 0."""
    mask = f"inside_{width}{f' & ({condition})' if condition else ''}"
    return f"tl.load({address}, mask={mask}, other=0.0).to(tl.float32)"


def store(address: str, value: str, width: str) -> str:
    """Return the statement that stores a tile."""
    return f"tl.store({address}, {value}, mask=inside_{width})"


def matrix_loads(plan: KernelPlan, weights: Iterable[str], transposed: bool) -> list[str]:
    """Return the lines that load matrices before the loop; they stay on chip. A tile is (summed units, new units)."""
    lines = []
    for weight in weights:
        rows, inner = plan.layout.shapes[weight]
        at = f"{pointer(weight)} + units_{rows}[:, None] * {inner} + units_{inner}[None, :]"
        matrix = f"tl.load({at}, mask=in_{rows}[:, None] & in_{inner}[None, :], other=0.0)"
        lines.append(f"{weight_variable(weight)} = {f'tl.trans({matrix})' if transposed else matrix}")
    return lines


def vector_loads(plan: KernelPlan, vectors: Iterable[str]) -> list[str]:
    """Return the lines that load pointwise weights before the loop."""
    lines = []
    for vector in vectors:
        (width,) = plan.layout.shapes[vector]
        value = f"tl.load({pointer(vector)} + units_{width}, mask=in_{width}, other=0.0)"
        lines.append(f"{weight_variable(vector)} = {value}.to(tl.float32)[None, :]")
    return lines


def product(node: Expr) -> str:
    """Return the expression of a product with a matrix on chip."""
    weight, operand = weight_variable(node.args[0]), variable(node.args[1].args[0])
    return f"product({operand}, {weight}, PRECISION)"


def streamed_product(plan: KernelPlan, node: Expr) -> str:
    """Return the expression of a product with a matrix in memory; the operand is read from its stream."""
    weight, read = node.args[0], node.args[1].args[0]
    where = plan.layout.places[read]
    rows, inner = plan.layout.shapes[weight]
    summed, new, steps = (inner, rows, f"1, {inner}") if node.op == "matmul" else (rows, inner, f"{inner}, 1")
    column = f" + {_sum(where.h_before, where.i_before)}" if where.h_before or where.i_before else ""
    slot = f" + {where.shift} * {step(plan, where.stream)}" if where.shift else ""
    place = f"{where.stream}{slot}{column}, rows * {columns(plan, where.stream)}, rows < B"
    sizes = f"{summed}, {new}, {steps}, ROWS, WIDE_{new}, BLOCK_{summed}, PRECISION"
    return f"streamed_product({place}, {pointer(weight)}, {sizes})"


BARRIER = "tl.debug_barrier()"
"""Makes what the threads of a program have stored visible to its other threads."""


def whole(text: str, formula: Expr, width: str) -> str:
    """Return the expression of a formula as a tile, also if the formula is a number."""
    return text if formula.value is None else f"tl.full((ROWS, WIDE_{width}), {text}, tl.float32)"


def alive(width: str) -> str:
    """Return the line that tells which numbers of the tile belong to a unit of a sequence that has not ended."""
    return f"alive_{width} = inside_{width} & (t < ends)[:, None]"
