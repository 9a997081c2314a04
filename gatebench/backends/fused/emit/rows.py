"""C for a cell without recurrent products and with a narrow x: whole rows of units at once, nothing between them.

Such a cell does next to no arithmetic, so what counts is how often a number goes through memory. Here products with x
are made where they are used, and δ goes from where it is computed straight into the sums of the weights' gradients and
of the gradient of x, without being stored. A row is one sequence at one step.
"""

from __future__ import annotations

from gatebench.backends.fused.emit.constants import WIDEST
from gatebench.backends.fused.emit.memory_layout import Job, MemoryLayout
from gatebench.backends.fused.emit.passes import indented
from gatebench.backends.fused.emit.pointwise import Pointwise
from gatebench.backends.fused.emit.products import plane
from gatebench.backends.fused.emit.schedule import terms
from gatebench.derive.adjoint import ONES
from gatebench.derive.prefixes import DX, POINTWISE_DX
from gatebench.spec.dated import X
from gatebench.spec.expression import Expr


def by_rows(plan: MemoryLayout) -> bool:
    """Return whether a layout can be run by rows: nothing but x goes through a matrix, and x nowhere else."""
    dots = [dot for step in (*plan.forward, *plan.step) for dot in step.dots]
    through = plan.input[0].formulas[DX]
    return (
        len(plan.forward) == len(plan.step) == 1
        and {operand for dot in dots for _, operand, _ in terms(dot)} <= {X}
        and {job.operand for job in plan.jobs} <= {X, ONES}
        and {job.delta_width for job in plan.jobs} <= {"H"}
        and through.op == "dot"
        and POINTWISE_DX not in plan.places
    )


def rows_text(plan: MemoryLayout) -> str:
    """Return `forward_rows` and `backward_rows`, which rows.c calls."""
    return "\n".join([_forward(plan), _dispatch("forward"), _backward(plan), _dispatch("backward")])


def _matrix(plan: MemoryLayout, weight: str) -> str:
    """Return the C expression for a weight's packed rows: (I, padded H), units side by side."""
    return f"w + {plan.weights.index(weight)} * I * P + j"


def _sums(job: Job, of: str = "I") -> str:
    """Return the C expression for how many sums each unit has in a job."""
    return f"{len(job.deltas)} * {of if job.operand == X else 1}"


def _forward(plan: MemoryLayout) -> str:
    step = plan.forward[0]
    point = Pointwise(plan, step, {dot: _product(plan, dot) for dot in step.dots})
    return f"""
INLINE void forward_narrow(const int I, const Call *a, const real *w, int64_t t, int64_t first, int64_t last) {{
    const int64_t B = a->B, P = padded(a->H), *const lengths = a->lengths;
{indented(point.bases, 1)}
    for (int64_t b = first; b < last; b++) {{
        const int ended = lengths && t >= lengths[b];
        const real *const row = {plane(plan.places[X])} + b * COLUMNS(STREAM_X);
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


def _product(plan: MemoryLayout, dot: Expr) -> str:
    return " + ".join(f"across(I, row, {_matrix(plan, weight)}, P)" for weight, _, _ in terms(dot))


def _backward(plan: MemoryLayout) -> str:
    step = plan.step[0]
    point = Pointwise(plan, step, {dot: _product(plan, dot) for dot in step.dots}, unstored=("ring",))
    blocks = "\n".join(_block(plan, point, rows) for rows in ("ROWS_AT_ONCE", "left"))
    return f"""
INLINE void backward_narrow(const int I, const Call *a, const real *w, real *all, int64_t t, int64_t from,
                          int64_t until) {{
    const int64_t B = a->B, P = padded(a->H), size = blocks_reals(a), *const lengths = a->lengths;
    const int64_t cx = COLUMNS(STREAM_X), ci = COLUMNS(STREAM_INPUT), wanted = a->wants_input;
    const real *const px = {plane(plan.places[X])};
    real *const pi = wanted ? PLANE(STREAM_INPUT, 0, 0, 0) : NULL;
{indented(point.bases, 1)}
    for (int64_t group = from; group < until; group++) {{
        const int64_t last = group_start(a, group + 1);
        real *const sums = all + group * size;
        for (int64_t first = group_start(a, group); first < last; first += ROWS_AT_ONCE) {{
            const int64_t left = last - first;
{blocks}
        }}
    }}
    (void)B, (void)w, (void)cx, (void)px;
}}
"""


def _block(plan: MemoryLayout, point: Pointwise, rows: str) -> str:
    """Return the code for some rows of a group: `ROWS_AT_ONCE`, a constant, or those that are left."""
    unroll = "UNROLL " if rows == "ROWS_AT_ONCE" else ""
    loads, stores, adds = _gathering(plan, point)
    through = [
        f"if (wanted) EACH_I through[r * I + k] += within({point.local(delta)}, a->H - j) * "
        f"load({_matrix(plan, weight)} + k * P);"
        for weight, delta, _ in terms(plan.input[0].formulas[DX])
    ]
    return f"""
            {"if (left >= ROWS_AT_ONCE)" if rows == "ROWS_AT_ONCE" else "else"} {{
                vec through[ROWS_AT_ONCE * WIDEST];
                {unroll}for (int i = 0; i < {rows} * I; i++) through[i] = (vec){{0}};
                for (int64_t j = 0; j < P; j += LANES) {{
                    vec sum[{" + ".join(_sums(job, of="WIDEST") for job in plan.jobs) or "1"}];
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
                    EACH_I pi[(first + r) * ci + k] = total(through[r * I + k]);
            }}"""


def _gathering(plan: MemoryLayout, point: Pointwise) -> tuple[list[str], list[str], list[str]]:
    """Return how the sums of weight gradients are loaded, stored and added to, for one vector of units."""
    loads, stores, adds = [], [], []
    start = "0"
    for job in plan.jobs:
        wide, many = job.operand == X, len(job.deltas)
        for position, delta in enumerate(job.deltas):
            number, place = f"{start} + k * {many} + {position}", f"({start} + k * {many} + {position}) * P + j"
            each = "EACH_I" if wide else "for (int k = 0; k < 1; k++)"
            loads.append(f"{each} sum[{number}] = load(sums + {place});")
            stores.append(f"{each} store(sums + {place}, sum[{number}]);")
            adds.append(f"{each} sum[{number}] += {point.local(delta)}{' * row[k]' if wide else ''};")
        start += f" + {_sums(job)}"
    return loads, stores, adds


def _dispatch(name: str) -> str:
    """Return the function that calls the code made for this I."""
    sums, names = (", real *sums", "w, sums, t, from, until") if name == "backward" else ("", "w, t, from, until")
    cases = "".join(f"    case {I}: {name}_narrow({I}, a, {names}); break;\n" for I in range(1, WIDEST + 1))  # noqa: E741
    return f"""
static void {name}_rows(const Call *a, const real *w{sums}, int64_t t, int64_t from, int64_t until) {{
    switch (a->I) {{
{cases}    default: fail(a, UNKNOWN_WIDTH);
    }}
}}
"""
