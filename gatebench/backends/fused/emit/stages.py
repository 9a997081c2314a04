"""C for one stage.

For each tile of units, the products are computed first. The pointwise part follows while the products are in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatebench.backends.fused.emit.constants import DOTS_AT_ONCE
from gatebench.backends.fused.emit.early_inputs import begin_text, begun_before, begun_sums, early_groups
from gatebench.backends.fused.emit.memory_layout import MemoryLayout
from gatebench.backends.fused.emit.pointwise import Pointwise
from gatebench.backends.fused.emit.products import groups, packed_size, packing, products, vectors_per_tile
from gatebench.backends.fused.emit.schedule import Stage
from gatebench.backends.fused.emit.single_row import single_row, single_row_calls, tiles_at_once
from gatebench.spec.expression import Expr


def stage_text(
    layout: MemoryLayout, name: str, stage: Stage, before: Sequence[str] | None = None, *, in_loop: bool = False
) -> str:
    """Return a stage as C: `{name}_reals` and `{name}_pack` for its weights, and `{name}_run`.

    Args:
        layout: the places of the values.
        name: the name of the stage.
        stage: the stage.
        before: the names of the stages before it if it belongs to the forward pass, which has the functions of
            `early_inputs.py` too; else None.
        in_loop: whether the stage runs at every step. Then it has the functions of `single_row.py` too.
    """
    vectors, early = vectors_per_tile(stage), set[int]() if before is None else early_groups(stage)
    own = [products(layout, f"{name}_{i}", group, vectors) for i, group in enumerate(groups(stage))]
    begin = [] if before is None else [begin_text(layout, name, stage)]
    single = [single_row(layout, f"{name}_{i}", stage, i) for i in range(len(groups(stage)))] if in_loop else []
    comment = f"/* {name}: {', '.join(stage.formulas)} */"
    run = _run(layout, name, stage, early, before or (), has_single=bool(single))
    return "\n".join([comment, *own, packing(layout, name, stage), *single, *begin, run])


def _run(
    layout: MemoryLayout, name: str, stage: Stage, early: set[int], before: Sequence[str], *, has_single: bool
) -> str:
    """Return the function that runs a stage from step `from` up to `until`, for the sequences from first up to last.

    For one sequence, `ahead` has the products of some tiles if the stage has the functions of `single_row.py`.

    Sample for lstm::

            enum { most = ACCUMULATORS / 4 };
            const int64_t units = padded(a->H) / LANES, tiles = forward0_tiles(a);
            const int64_t B = a->B, *const lengths = a->lengths;
            vec tile[most * 4];
            const real *const begun = a->begun ? a->begun + 0 : NULL;
            const int alone = last - first == 1 && until - from == 1;
            vec ahead[8];
            for (int64_t u = 0; u < tiles; u++, w += forward0_tile(a)) {
                for (int64_t t = from; t < until; t++) {
        ...
                    for (int64_t row = first, rows; row < last; row += rows) {
                        rows = block_rows(last - row, most);
        ...
                        } else {
                            forward0_0_products((int)rows, ALL, a, w, t, row, tile + 0 * most);
                        }
    """
    vectors = vectors_per_tile(stage)
    point = Pointwise(layout, stage, tile_values(stage))
    body, zeros, bases = (
        indented(lines, depth) for lines, depth in ((point.lines, 5), (point.zeros, 6), (point.bases, 3))
    )
    most = f"ACCUMULATORS / {min(DOTS_AT_ONCE, max(1, len(stage.dots))) * vectors}"
    begun = f"    const real *const begun = a->begun ? a->begun + {begun_before(before)} : NULL;\n" if early else ""
    ahead = ""
    if has_single:
        ahead = (
            f"    const int alone = last - first == 1 && until - from == 1;\n"
            f"    vec ahead[{tiles_at_once(stage) * len(stage.dots) * vectors}];\n"
        )
    return f"""
APART void {name}_run(const Call *a, const real *w, int64_t from, int64_t until, int64_t first, int64_t last) {{
    enum {{ most = {most} }};
    const int64_t units = padded(a->{stage.width}) / LANES, tiles = {name}_tiles(a);
    const int64_t B = a->B, *const lengths = a->lengths;
    vec tile[most * {max(1, len(stage.dots)) * vectors}];
{begun}{ahead}    for (int64_t u = 0; u < tiles; u++, w += {name}_tile(a)) {{
        for (int64_t t = from; t < until; t++) {{
{bases}
            for (int64_t row = first, rows; row < last; row += rows) {{
                rows = block_rows(last - row, most);
{indented(_product_calls(layout, name, stage, early, has_single=has_single), 4)}
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
    (void)w, (void)tile, (void)B;
}}
"""


def _product_calls(layout: MemoryLayout, name: str, stage: Stage, early: set[int], *, has_single: bool) -> list[str]:
    """Return the lines that compute the products of a block into `tile`: those for one sequence, and those for more."""
    vectors, first = vectors_per_tile(stage), "w"
    single: list[str] = []
    block: list[str] = []
    for i, group in enumerate(groups(stage)):
        sums = f"begun ? {begun_sums(stage, i)} : NULL" if i in early else "NULL"
        single += single_row_calls(stage, name, i, first, sums)
        to = f"tile + {i * DOTS_AT_ONCE * vectors} * most"
        block.append(f"{name}_{i}_products((int)rows, ALL, a, {first}, t, row, {to});")
        first += f" + {packed_size(layout, group, vectors)}"
    if not has_single:
        return block
    return ["if (alone) {", *(f"    {line}" for line in single), "} else {", *(f"    {line}" for line in block), "}"]


def indented(lines: list[str], depth: int) -> str:
    """Return lines of C as one text, indented."""
    return "\n".join("    " * depth + line for line in lines)


def tile_values(stage: Stage) -> dict[Expr, str]:
    """Return the C expression for each dot in the tile, for row r and vector v of the block.

    Sample for lstm::

        const vec y1 = tile[0 * most + r * 4 + 0 + v];
    """
    vectors = vectors_per_tile(stage)
    return {
        dot: f"tile[{i * DOTS_AT_ONCE * vectors} * most + r * {len(group) * vectors} + {number * vectors} + v]"
        for i, group in enumerate(groups(stage))
        for number, dot in enumerate(group)
    }
