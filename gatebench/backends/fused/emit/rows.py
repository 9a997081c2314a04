"""C for a cell without recurrent products, if x is narrow: each row of units is computed at once.

Such a cell needs little arithmetic; its speed depends on how often a number is read from memory or written to it. So
products with x are computed where they are used. A delta is not stored: it is added, where it is computed, to the sums
of the weights' gradients and to the gradient of x. A row is one sequence at one step.
"""

from __future__ import annotations

from gatebench.backends.fused.emit.constants import WIDEST
from gatebench.backends.fused.emit.memory_layout import MemoryLayout, OuterSum
from gatebench.backends.fused.emit.pointwise import Pointwise
from gatebench.backends.fused.emit.products import plane
from gatebench.backends.fused.emit.schedule import terms
from gatebench.backends.fused.emit.stages import indented
from gatebench.derive.adjoint import ONES
from gatebench.derive.prefixes import DX, POINTWISE_DX
from gatebench.spec.dated import X
from gatebench.spec.expression import Expr


def can_run_by_rows(layout: MemoryLayout) -> bool:
    """Return whether a layout can be run by rows: all matrix products read x, and x is read only by products."""
    dots = [dot for stage in (*layout.forward, *layout.backward) for dot in stage.dots]
    through = layout.input[0].formulas[DX]
    return (
        len(layout.forward) == len(layout.backward) == 1
        and {operand for dot in dots for _, operand, _ in terms(dot)} <= {X}
        and {outer_sum.operand for outer_sum in layout.outer_sums} <= {X, ONES}
        and {outer_sum.delta_width for outer_sum in layout.outer_sums} <= {"H"}
        and through.op == "dot"
        and POINTWISE_DX not in layout.places
    )


def rows_text(layout: MemoryLayout) -> str:
    """Return `forward_rows` and `backward_rows`, which rows.c calls."""
    return "\n".join([_forward(layout), _dispatch("forward"), _backward(layout), _dispatch("backward")])


def _matrix(layout: MemoryLayout, weight: str) -> str:
    """Return the C expression for a weight's packed rows: (I, padded H), units side by side."""
    return f"w + {layout.weights.index(weight)} * I * P + j"


def _sums(outer_sum: OuterSum, of: str = "I") -> str:
    """Return the C expression for how many sums each unit has in an outer sum."""
    return f"{len(outer_sum.deltas)} * {of if outer_sum.operand == X else 1}"


def _forward(layout: MemoryLayout) -> str:
    stage = layout.forward[0]
    point = Pointwise(layout, stage, {dot: _product(layout, dot) for dot in stage.dots})
    return f"""
INLINE void forward_of_width(const int I, const Call *a, const real *w, int64_t t, int64_t first, int64_t last) {{
    const int64_t B = a->B, P = padded(a->H), *const lengths = a->lengths;
{indented(point.bases, 1)}
    for (int64_t b = first; b < last; b++) {{
        const int ended = lengths && t >= lengths[b];
        const real *const row = {plane(layout.places[X])} + b * COLUMNS(STREAM_X);
        for (int64_t j = 0; j < P; j += LANES) {{
            if (ended) {{
{indented(point.zeros, 4)}
                continue;
            }}
{indented(point.lines, 3)}
        }}
        (void)row, (void)w;
    }}
    (void)B;
}}
"""


def _product(layout: MemoryLayout, dot: Expr) -> str:
    return " + ".join(f"input_product(I, row, {_matrix(layout, weight)}, P)" for weight, _, _ in terms(dot))


def _backward(layout: MemoryLayout) -> str:
    stage = layout.backward[0]
    point = Pointwise(layout, stage, {dot: _product(layout, dot) for dot in stage.dots}, unstored=("ring",))
    block_text = "\n".join(_block(layout, point, rows) for rows in ("ROWS_AT_ONCE", "left"))
    return f"""
INLINE void backward_of_width(const int I, const Call *a, const real *w, real *all, int64_t t, int64_t from,
                          int64_t until) {{
    const int64_t B = a->B, P = padded(a->H), size = all_sums_reals(a), *const lengths = a->lengths;
    const int64_t cx = COLUMNS(STREAM_X), ci = COLUMNS(STREAM_INPUT), wanted = a->wants_input;
    const real *const px = {plane(layout.places[X])};
    real *const pi = wanted ? PLANE(STREAM_INPUT, 0, 0, 0) : NULL;
{indented(point.bases, 1)}
    for (int64_t group = from; group < until; group++) {{
        const int64_t last = group_start(a, group + 1);
        real *const sums = all + group * size;
        for (int64_t first = group_start(a, group); first < last; first += ROWS_AT_ONCE) {{
            const int64_t left = last - first;
{block_text}
        }}
    }}
    (void)B, (void)w, (void)cx, (void)px;
}}
"""


def _block(layout: MemoryLayout, point: Pointwise, rows: str) -> str:
    """Return the code for some rows of a group: `ROWS_AT_ONCE`, a constant, or those that are left."""
    unroll = "UNROLL " if rows == "ROWS_AT_ONCE" else ""
    loads, stores, adds = _sum_lines(layout, point)
    through = [
        f"if (wanted) EACH_I through[r * I + k] += zero_padding({point.local(delta)}, a->H - j) * "
        f"load({_matrix(layout, weight)} + k * P);"
        for weight, delta, _ in terms(layout.input[0].formulas[DX])
    ]
    return f"""
            {"if (left >= ROWS_AT_ONCE)" if rows == "ROWS_AT_ONCE" else "else"} {{
                vec through[ROWS_AT_ONCE * WIDEST];
                {unroll}for (int i = 0; i < {rows} * I; i++) through[i] = (vec){{0}};
                for (int64_t j = 0; j < P; j += LANES) {{
                    vec sum[{" + ".join(_sums(outer_sum, of="WIDEST") for outer_sum in layout.outer_sums) or "1"}];
{indented(loads, 5)}
                    {unroll}for (int64_t r = 0; r < {rows}; r++) {{
                        const int64_t b = first + r;
                        if (lengths && t >= lengths[b]) continue;
                        const real *const row = px + b * cx;
{indented(point.lines, 6)}
{indented(adds, 6)}
{indented(through, 6)}
                        (void)row;
                    }}
{indented(stores, 5)}
                    (void)sum;
                }}
                for (int64_t r = 0; wanted && r < {rows}; r++)
                    EACH_I pi[(first + r) * ci + k] = lane_sum(through[r * I + k]);
            }}"""


def _sum_lines(layout: MemoryLayout, point: Pointwise) -> tuple[list[str], list[str], list[str]]:
    """Return the lines that load, store and increase the sums of weight gradients, for one vector of units.

    Sample for minlstm::

        EACH_I sum[0 + k * 3 + 0] += y10 * row[k];
    """
    loads, stores, adds = [], [], []
    start = "0"
    for outer_sum in layout.outer_sums:
        vectors, many = outer_sum.operand == X, len(outer_sum.deltas)
        for position, delta in enumerate(outer_sum.deltas):
            number, place = f"{start} + k * {many} + {position}", f"({start} + k * {many} + {position}) * P + j"
            each = "EACH_I" if vectors else "for (int k = 0; k < 1; k++)"
            loads.append(f"{each} sum[{number}] = load(sums + {place});")
            stores.append(f"{each} store(sums + {place}, sum[{number}]);")
            adds.append(f"{each} sum[{number}] += {point.local(delta)}{' * row[k]' if vectors else ''};")
        start += f" + {_sums(outer_sum)}"
    return loads, stores, adds


def _dispatch(name: str) -> str:
    """Return the function that calls the code that was compiled for this width of x.

    Sample for minlstm::

        static void forward_rows(const Call *a, const real *w, int64_t t, int64_t from, int64_t until) {
            switch (a->I) {
            case 1: forward_of_width(1, a, w, t, from, until); break;
        ...
            default: fail(a, UNKNOWN_WIDTH);
    """
    sums, names = (", real *sums", "w, sums, t, from, until") if name == "backward" else ("", "w, t, from, until")
    cases = "".join(f"    case {I}: {name}_of_width({I}, a, {names}); break;\n" for I in range(1, WIDEST + 1))  # noqa: E741
    return f"""
static void {name}_rows(const Call *a, const real *w{sums}, int64_t t, int64_t from, int64_t until) {{
    switch (a->I) {{
{cases}    default: fail(a, UNKNOWN_WIDTH);
    }}
}}
"""
