"""C for one stage whose products have rounded operands.

The operands of up to `PANEL_ROWS` sequences are rounded into a panel. Then the products of each tile of units are
computed from it, and the pointwise part follows. In the panel the operands of a stage lie one after the other.
"""

from __future__ import annotations

from itertools import zip_longest

from gatebench.backends.fused.emit.constants import DOTS_AT_ONCE, ROW_BLOCKS
from gatebench.backends.fused.emit.memory_layout import MemoryLayout
from gatebench.backends.fused.emit.pointwise import Pointwise
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.backends.fused.emit.products import (
    Use,
    columns,
    groups,
    operand_count,
    plane,
    products_of_vectors,
    uses,
    vectors_per_tile,
)
from gatebench.backends.fused.emit.schedule import Stage
from gatebench.backends.fused.emit.stages import indented, tile_values
from gatebench.spec.dated import DatedName
from gatebench.spec.expression import Expr


def rounded_stage_text(layout: MemoryLayout, name: str, stage: Stage, form: ProductForm) -> str:
    """Return a stage as C: `{name}_panel`, `{name}_round`, `{name}_reals`, `{name}_pack` and `{name}_run`.

    Args:
        layout: the places of the values.
        name: the name of the stage.
        stage: the stage.
        form: `ROUNDED` or `TILES`.
    """
    products = _tile_products if form is ProductForm.TILES else _vector_products
    own = [products(layout, f"{name}_{i}", stage, group) for i, group in enumerate(groups(stage))]
    comment = f"/* {name}: {', '.join(stage.formulas)} */"
    return "\n".join(
        [comment, _rounding(layout, name, stage), *own, _packing(layout, name, stage), _run(layout, name, stage, form)]
    )


def _before(layout: MemoryLayout, stage: Stage, operand: DatedName) -> str:
    """Return the C expression for the numbers of a panel before an operand."""
    earlier = stage.operands[: stage.operands.index(operand)]
    widths = " + ".join(f"narrowed(a->{layout.places[one].width})" for one in earlier)
    return f"PANEL_ROWS * ({widths or 0})"


def _rounding(layout: MemoryLayout, name: str, stage: Stage) -> str:
    """Return the functions that measure a stage's panel, and that round its operands into it.

    Sample for lstm, rounded::

        static int64_t forward0_panel(const Call *a) { (void)a; return PANEL_ROWS * (narrowed(a->I) + narrowed(a->H)); }
        OPTIONAL void forward0_round(const Call *a, int64_t t, int64_t row, int64_t rows, narrow *panel) {
            /* x[t] */
            round_rows(panel + PANEL_ROWS * (0), PLANE(STREAM_X, 0, 0, 0) + row * COLUMNS(STREAM_X),
                       COLUMNS(STREAM_X), a->I, rows);
    """
    lines = []
    for operand in stage.operands:
        where = layout.places[operand]
        across = columns(where.stream)
        condition = "if (t + 1 < a->T) " if operand.is_next else ""
        lines += [
            f"/* {operand} */",
            f"{condition}round_rows(panel + {_before(layout, stage, operand)}, {plane(where)} + row * {across},",
            f"           {across}, a->{where.width}, rows);",
        ]
    size = " + ".join(f"narrowed(a->{layout.places[operand].width})" for operand in stage.operands) or "0"
    return f"""
static int64_t {name}_panel(const Call *a) {{ (void)a; return PANEL_ROWS * ({size}); }}
OPTIONAL void {name}_round(const Call *a, int64_t t, int64_t row, int64_t rows, narrow *panel) {{
{indented(lines, 1)}
    (void)a, (void)t, (void)row, (void)rows, (void)panel;
}}
"""


def _vector_products(layout: MemoryLayout, name: str, stage: Stage, group: tuple[Expr, ...]) -> str:
    """Return the function `{name}_products`, which computes a group's dots for some rows of the panel into `tile`.

    Sample for lstm, rounded::

        const int64_t columns = narrowed(a->H), K = a->H;
        const real *operand = panel + PANEL_ROWS * (narrowed(a->I)) + row * columns, *from = w;
    """
    vectors = vectors_per_tile(stage)
    many = len(group) * vectors
    body = "\n".join(
        products_of_vectors(
            layout.places[operand],
            operand,
            own,
            vectors,
            across=f"narrowed(a->{layout.places[operand].width})",
            address=f"panel + {_before(layout, stage, operand)}",
        )
        for operand, own in uses(group).items()
    )
    cases = "\n".join(
        f"#if ACCUMULATORS / {many} >= {n}\n    case {n}: {name}_block({n}, a, w, t, row, panel, tile); break;\n#endif"
        for n in sorted(ROW_BLOCKS)
    )
    arguments = "const Call *a, const real *w, int64_t t, int64_t row, const narrow *panel, vec *tile"
    return f"""
INLINE void {name}_block(const int rows, {arguments}) {{
    vec sum[ACCUMULATORS / {many}][{many}];
    EACH_ROW for (int j = 0; j < {many}; j++) sum[r][j] = (vec){{0}};
{body}
    EACH_ROW for (int j = 0; j < {many}; j++) tile[r * {many} + j] = sum[r][j];
    (void)t;
}}
APART void {name}_products(int rows, {arguments}) {{
    switch (rows) {{
{cases}
    default: fail(a, UNKNOWN_ROWS);
    }}
}}
"""


def _tile_products(layout: MemoryLayout, name: str, stage: Stage, group: tuple[Expr, ...]) -> str:
    """Return the function `{name}_products`, which computes a group's dots for up to 32 rows of the panel into `tile`.

    Two vectors of sums are computed at once, for one tile of rows or for two.

    Sample for lstm, tiles::

        zero_sums();
        /* x[t] */
        add_tile_products(both, 0, 1, panel + PANEL_ROWS * (0) + row * narrowed(a->I), a->I, w + (0) * LANES, 4);
        ...
        store_sums(both, 1, (real *)(tile + 0), 4 * LANES);
    """
    vectors = vectors_per_tile(stage)
    many = len(group) * vectors
    lines: list[str] = []
    for first in range(0, many, 2):
        lines.append("zero_sums();")
        lines += _pair_of_vectors(layout, stage, uses(group), vectors, first)
        lines.append(f"store_sums(both, {int(first + 1 < many)}, (real *)(tile + {first}), {many} * LANES);")
    arguments = "const Call *a, const real *w, int64_t t, int64_t row, const narrow *panel, vec *tile"
    return f"""
INLINE void {name}_block(const int both, {arguments}) {{
{indented(lines, 1)}
    (void)a, (void)w, (void)t, (void)row, (void)panel;
}}
APART void {name}_products(int rows, {arguments}) {{
    WRITTEN;
    if (rows > SIDE) {name}_block(1, a, w, t, row, panel, tile);
    else {name}_block(0, a, w, t, row, panel, tile);
}}
"""


def _pair_of_vectors(
    layout: MemoryLayout, stage: Stage, own: dict[DatedName, list[Use]], vectors: int, first: int
) -> list[str]:
    """Return the lines that add up the products of the vectors of sums number `first` and the one after it."""
    lines: list[str] = []
    before: list[str] = []
    for operand, used in own.items():
        width, size = layout.places[operand].width, len(used) * vectors
        left, right = (
            [place * vectors + one % vectors for place, (dot, _, _) in enumerate(used) if dot == one // vectors]
            for one in (first, first + 1)
        )
        from_row = f"panel + {_before(layout, stage, operand)} + row * narrowed(a->{width})"
        lines += [f"/* {operand} */"] if left or right else []
        lines += [
            f"add_tile_products(both, {l}, {r}, {from_row}, {operand_count(layout.places[operand], operand)}, "
            f"w + ({' + '.join(before) or 0}) * LANES, {size});"
            for l, r in zip_longest(left, right, fillvalue=-1)  # noqa: E741
        ]
        before.append(f"{size} * packed_units(a->{width})")
    return lines


def _size(layout: MemoryLayout, group: tuple[Expr, ...], vectors: int) -> str:
    """Return the C expression for how many numbers the packed weights of one tile have."""
    parts = [f"{len(own)} * packed_units(a->{layout.places[operand].width})" for operand, own in uses(group).items()]
    return f"({' + '.join(parts)}) * {vectors} * LANES"


def _packing(layout: MemoryLayout, name: str, stage: Stage) -> str:
    """Return the functions that measure a stage's packed weights, and that round and pack them.

    Sample for lstm, rounded::

        pack_rounded(to + 1 * WEIGHT_REALS, 4 * WEIGHT_REALS, a->weight[3], a->H, a->H, (tile * 1 + 0) * LANES, 0);
    """
    vectors, number = vectors_per_tile(stage), layout.weights.index
    lines: list[str] = []
    for group in groups(stage):
        for operand, own in uses(group).items():
            inner, size = f"a->{layout.places[operand].width}", len(own) * vectors
            lines += [
                f"pack_rounded(to + {position * vectors + v} * WEIGHT_REALS, {size} * WEIGHT_REALS, "
                f"a->weight[{number(weight)}], {inner}, a->{stage.width}, (tile * {vectors} + {v}) * LANES, "
                f"{int(transposed)});"
                for position, (_, weight, transposed) in enumerate(own)
                for v in range(vectors)
            ]
            lines.append(f"to += packed_units({inner}) * {size} * LANES;")
    whole = " + ".join(_size(layout, group, vectors) for group in groups(stage)) or "0"
    return f"""
static int64_t {name}_tile(const Call *a) {{ (void)a; return {whole}; }}
static int64_t {name}_tiles(const Call *a) {{ return ceiling(padded(a->{stage.width}) / LANES, {vectors}); }}
static int64_t {name}_reals(const Call *a) {{ return {name}_tiles(a) * {name}_tile(a); }}
OPTIONAL void {name}_pack(const Call *a, real *all, int64_t i, int64_t n) {{
    for (int64_t tile = i; tile < {name}_tiles(a); tile += n) {{
        real *to = all + tile * {name}_tile(a);
{indented(lines, 2)}
        (void)to;
    }}
}}
"""


def _run(layout: MemoryLayout, name: str, stage: Stage, form: ProductForm) -> str:
    """Return the function that runs a stage from step `from` up to `until`, for the sequences from first up to last.

    Sample for lstm, tiles::

        for (int64_t start = first, end; start < last; start = end) {
            end = least(start + PANEL_ROWS, last);
            forward0_round(a, t, start, end - start, panel);
            const real *w = weights;
    """
    vectors = vectors_per_tile(stage)
    point = Pointwise(layout, stage, tile_values(stage))
    body, zeros = (indented(lines, depth) for lines, depth in ((point.lines, 6), (point.zeros, 7)))
    has_tiles = form is ProductForm.TILES and bool(stage.dots)
    sums = min(DOTS_AT_ONCE, max(1, len(stage.dots))) * vectors
    most = "BLOCK_ROWS" if form is ProductForm.TILES else f"ACCUMULATORS / {sums}"
    rows = "least(end - row, most)" if form is ProductForm.TILES else "block_rows(end - row, most)"
    return f"""
APART void {name}_run(const Call *a, const real *weights, narrow *panel, int64_t from, int64_t until, int64_t first,
                      int64_t last) {{
    enum {{ most = {most} }};
    const int64_t units = padded(a->{stage.width}) / LANES, tiles = {name}_tiles(a);
    const int64_t B = a->B, *const lengths = a->lengths;
    vec tile[most * {max(1, len(stage.dots)) * vectors}];
{"    begin_tiles();" if has_tiles else ""}
    for (int64_t t = from; t < until; t++) {{
{indented(point.bases, 2)}
        for (int64_t start = first, end; start < last; start = end) {{
            end = least(start + PANEL_ROWS, last);
            {name}_round(a, t, start, end - start, panel);
            const real *w = weights;
            for (int64_t u = 0; u < tiles; u++, w += {name}_tile(a))
            for (int64_t row = start, rows; row < end; row += rows) {{
                rows = {rows};
{indented(_product_calls(layout, name, stage), 4)}
                for (int64_t r = 0; r < rows; r++)
                for (int64_t v = 0; v < {vectors} && u * {vectors} + v < units; v++) {{
                    const int64_t b = row + r, j = (u * {vectors} + v) * LANES;
                    if (lengths && t >= lengths[b]) {{
{zeros}
                        continue;
                    }}
{body}
                }}
            }}
        }}
    }}
{"    END_TILES;" if has_tiles else ""}
    (void)tile, (void)B;
}}
"""


def _product_calls(layout: MemoryLayout, name: str, stage: Stage) -> list[str]:
    """Return the lines that compute the products of a block into `tile`."""
    vectors, first = vectors_per_tile(stage), "w"
    lines: list[str] = []
    for i, group in enumerate(groups(stage)):
        to = f"tile + {i * DOTS_AT_ONCE * vectors} * most"
        lines.append(f"{name}_{i}_products((int)rows, a, {first}, t, row - start, panel, {to});")
        first += f" + {_size(layout, group, vectors)}"
    return lines
