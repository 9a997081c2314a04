"""C for one pass: for each tile of units its products, then the pointwise part on them while they are in the cache."""

from __future__ import annotations

from gatebench.backends.fused.emit.constants import DOTS_AT_ONCE
from gatebench.backends.fused.emit.memory_layout import MemoryLayout
from gatebench.backends.fused.emit.pointwise import Pointwise
from gatebench.backends.fused.emit.products import across, groups, packed_size, packing, products
from gatebench.backends.fused.emit.schedule import Pass
from gatebench.spec.expression import Expr


def pass_text(plan: MemoryLayout, name: str, step: Pass) -> str:
    """Return a pass as C: `{name}_reals` and `{name}_pack` for its weights, and `{name}_run`."""
    wide = across(step)
    own = [products(plan, f"{name}_{i}", group, wide) for i, group in enumerate(groups(step))]
    return "\n".join(
        [f"/* {name}: {', '.join(step.formulas)} */", *own, packing(plan, name, step), _run(plan, name, step)]
    )


def _run(plan: MemoryLayout, name: str, step: Pass) -> str:
    """Return the function that runs a pass from step t up to `until`, for the sequences first to last."""
    wide = across(step)
    point = Pointwise(plan, step, _tiles(step))
    body, zeros, bases = (
        indented(lines, depth) for lines, depth in ((point.lines, 5), (point.zeros, 6), (point.bases, 3))
    )
    most = f"ACCUMULATORS / {min(DOTS_AT_ONCE, max(1, len(step.dots))) * wide}"
    calls = []
    first = "w"
    for i, group in enumerate(groups(step)):
        calls.append(f"{name}_{i}_products((int)rows, a, {first}, t, row, tile + {i * DOTS_AT_ONCE * wide} * most);")
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
{indented(calls, 4)}
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


def indented(lines: list[str], depth: int) -> str:
    """Return lines of C as one text, indented."""
    return "\n".join("    " * depth + line for line in lines)


def _tiles(step: Pass) -> dict[Expr, str]:
    """Return where in its tile each dot lies, for row r and vector v of the block."""
    wide = across(step)
    return {
        dot: f"tile[{i * DOTS_AT_ONCE * wide} * most + r * {len(group) * wide} + {number * wide} + v]"
        for i, group in enumerate(groups(step))
        for number, dot in enumerate(group)
    }
