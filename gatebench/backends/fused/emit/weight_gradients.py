"""C for the gradients of the weights: the sums of outer products, and the copy of these sums to the weights."""

from __future__ import annotations

from gatebench.backends.fused.emit.memory_layout import MemoryLayout, OuterSum
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.backends.fused.emit.products import columns, plane
from gatebench.derive.adjoint import ONES
from gatebench.derive.prefixes import running_sum


def outer_sums_text(layout: MemoryLayout) -> str:
    """Return `set_outer_sums`, which gives each sum of weight gradients the addresses of its factors from step t on.

    Sample for lstm::

        static void set_outer_sums(const Call *a, int64_t t, OuterSum *outer_sums) {
            static const real one = 1;
    """
    lines = "".join(
        f"    outer_sums[{number}] = (OuterSum){{{_outer_sum(layout, outer_sum)}, NULL}};\n"
        for number, outer_sum in enumerate(layout.outer_sums)
    )
    return f"""
static void set_outer_sums(const Call *a, int64_t t, OuterSum *outer_sums) {{
    static const real one = 1;
{lines}    (void)one, (void)t, (void)a, (void)outer_sums;
}}
"""


def _outer_sum(layout: MemoryLayout, outer_sum: OuterSum) -> str:
    vectors = f"{len(outer_sum.deltas)} * padded(a->{outer_sum.delta_width}) / LANES"
    deltas = f"{plane(layout.places[outer_sum.deltas[0]])}, {columns('ring')}, {vectors}"
    if outer_sum.operand == ONES:
        return f"&one, 0, 1, {deltas}"
    read = layout.places[outer_sum.operand]
    return f"{plane(read)}, {columns(read.stream)}, a->{read.width}, {deltas}"


def weights_text(layout: MemoryLayout, form: ProductForm = ProductForm.PLAIN) -> str:
    """Return the C functions `sum_reals`, `vector_width` and `scatter_gradients`.

    `sum_reals` gives the size of an outer sum, `vector_width` the width of a pointwise weight. `scatter_gradients`
    writes the gradient of each weight. A sum of `TILES` has whole tiles of units.
    """
    sizes = _cases("sum_reals", _sizes(layout, form), "UNKNOWN_SUM")
    widths = _cases("vector_width", _widths(layout), "UNKNOWN_VECTOR")
    return "\n".join([sizes, widths, _scatter_gradients(layout)])


def _cases(name: str, values: list[str], error: str) -> str:
    """Return a function that gives the value with a number, and reports an error for other numbers.

    Sample for lstm::

        static int64_t sum_reals(const Call *a, int number) {
            switch (number) {
            case 0: return 4 * padded(a->H) * a->H;
            case 1: return 4 * padded(a->H) * a->I;
            case 2: return 4 * padded(a->H) * 1;
            default: fail(a, UNKNOWN_SUM); return 0;
            }
        }
    """
    cases = "".join(f"    case {number}: return {value};\n" for number, value in enumerate(values))
    return f"""
static int64_t {name}(const Call *a, int number) {{
    switch (number) {{
{cases}    default: fail(a, {error}); return 0;
    }}
}}
"""


def _sizes(layout: MemoryLayout, form: ProductForm) -> list[str]:
    def units(outer_sum: OuterSum) -> str:
        own = _units(outer_sum)
        return f"factor_width({own})" if form is ProductForm.TILES and outer_sum.operand != ONES else own

    return [f"{len(s.deltas)} * padded(a->{s.delta_width}) * {units(s)}" for s in layout.outer_sums]


def _widths(layout: MemoryLayout) -> list[str]:
    return [f"a->{layout.shapes[vector][0]}" for vector in layout.vectors]


def _units(outer_sum: OuterSum) -> str:
    return "1" if outer_sum.operand == ONES else f"a->{outer_sum.width}"


def _scatter_gradients(layout: MemoryLayout) -> str:
    """Return the function that writes each weight's gradient; a weight with two products gets their sum.

    Sample for lstm::

        scatter_gradient(a->gradient[11], sum_start[0] + 0 * padded(a->H), 4 * padded(a->H), a->H, a->H, 0);
    """
    numbers = {weight: number for number, weight in enumerate(layout.shapes)}
    lines, begun = [], set[str]()
    for outer in layout.derived.outers:
        for number, outer_sum in enumerate(layout.outer_sums):
            if outer_sum.operand == outer.operand and outer.delta in outer_sum.deltas:
                gradient, width = f"a->gradient[{numbers[outer.weight]}]", f"padded(a->{outer_sum.delta_width})"
                first = f"sum_start[{number}] + {outer_sum.deltas.index(outer.delta)} * {width}"
                lines.append(
                    f"scatter_gradient({gradient}, {first}, {len(outer_sum.deltas)} * {width}, {_units(outer_sum)}, "
                    f"a->{outer_sum.delta_width}, {int(outer.weight in begun)});"
                )
                begun.add(outer.weight)
    for weight in layout.derived.sums:
        where = layout.places[running_sum(weight)]
        gradient = f"a->gradient[{numbers[weight]}]"
        lines.append(f"sum_over_batch({gradient}, {plane(where)}, {columns(where.stream)}, a->B, a->{where.width});")
    text = "".join(f"    {line}\n" for line in lines)
    return f"""
static void scatter_gradients(const Call *a, real *const *sum_start) {{
    const int64_t t = 0;
{text}    (void)a, (void)sum_start, (void)t;
}}
"""
