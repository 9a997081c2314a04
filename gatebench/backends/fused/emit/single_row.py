"""C for the matrix products of a stage for one sequence, for several tiles of units at once.

A block of many sequences has enough sums to keep the processor busy. One sequence has the sums of one tile, a few
vectors, and each addition to a sum waits for the one before it. So several tiles are computed at once. Each sum has the
same terms in the same order as in a block, so the results are the same, bit for bit.
"""

from __future__ import annotations

from gatebench.backends.fused.emit.constants import DOTS_AT_ONCE
from gatebench.backends.fused.emit.memory_layout import MemoryLayout, Plane
from gatebench.backends.fused.emit.products import (
    Use,
    groups,
    has_early_inputs,
    operand_loop,
    uses,
    vectors_per_tile,
)
from gatebench.backends.fused.emit.schedule import Stage
from gatebench.spec.dated import DatedName, X

_SUMS_AT_ONCE = 8  # they hide the time of an addition: a processor begins two in a cycle, and each takes four


def tiles_at_once(stage: Stage) -> int:
    """Return how many tiles of a stage are computed at once for one sequence."""
    return max(1, _SUMS_AT_ONCE // (max(map(len, groups(stage)), default=1) * vectors_per_tile(stage)))


def single_row(layout: MemoryLayout, name: str, stage: Stage, number: int) -> str:
    """Return the function `{name}_row`, which computes a group's dots for one sequence and up to `tiles_at_once` tiles.

    Sample for lstm::

            switch (tiles) {
            case 1: forward0_0_tiles(a, 1, w, begun, t, row, tile); break;
            case 2: forward0_0_tiles(a, 2, w, begun, t, row, tile); break;
            default: fail(a, UNKNOWN_ROWS);
            }
        }

    Args:
        layout: the places of the values.
        name: the name of the group.
        stage: the stage.
        number: the number of the group in the stage.
    """
    group, vectors = groups(stage)[number], vectors_per_tile(stage)
    many, stage_name = len(group) * vectors, name.removesuffix(f"_{number}")
    body = "\n".join(_operand(layout.places[operand], operand, own, vectors) for operand, own in uses(group).items())
    begun = f"begun + u * early_steps(a) * {len(stage.dots) * vectors} * LANES"
    start = f"begun ? load({begun} + j * LANES) : (vec){{0}}" if has_early_inputs(group) else "(vec){0}"
    cases = "\n".join(
        f"    case {n}: {name}_tiles(a, {n}, w, begun, t, row, tile); break;"
        for n in range(1, tiles_at_once(stage) + 1)
    )
    arguments = "const real *w, const real *begun, int64_t t, int64_t row,"
    return f"""
INLINE void {name}_tiles(const Call *a, const int tiles, {arguments}
                         vec *tile) {{
    const int64_t apart = {stage_name}_tile(a);
    vec sum[{tiles_at_once(stage)}][{many}];
    EACH_TILE for (int j = 0; j < {many}; j++) sum[u][j] = {start};
{body}
    EACH_TILE for (int j = 0; j < {many}; j++) tile[u * {many} + j] = sum[u][j];
    (void)begun;
}}
APART void {name}_row(const Call *a, int64_t tiles, {arguments}
                      vec *tile) {{
    switch (tiles) {{
{cases}
    default: fail(a, UNKNOWN_ROWS);
    }}
}}
"""


def single_row_calls(stage: Stage, name: str, number: int, first: str, begun: str) -> list[str]:
    """Return the lines that compute a group's dots for one sequence, some tiles at once, and give one tile its own.

    Args:
        stage: the stage.
        name: the name of the stage.
        number: the number of the group.
        first: the C expression for the group's packed weights of tile u.
        begun: the C expression for the sums that are begun, NULL for none.
    """
    vectors, at_once = vectors_per_tile(stage), tiles_at_once(stage)
    many, before = len(groups(stage)[number]) * vectors, number * DOTS_AT_ONCE * vectors
    ahead = f"ahead + {before * at_once}"
    some = f"least(tiles - u, {at_once})"
    return [
        f"if (u % {at_once} == 0) {name}_{number}_row(a, {some}, {first}, {begun}, t, row, {ahead});",
        f"for (int j = 0; j < {many}; j++) tile[{before} * most + j] = ({ahead})[u % {at_once} * {many} + j];",
    ]


def _operand(where: Plane, operand: DatedName, own: list[Use], vectors: int) -> str:
    """Return the loop over the units of one operand, as in `products`.

    Sample for lstm::

        { /* h[t-1] */
    """
    size = len(own) * vectors
    sums = " ".join(
        f"sum[u][{number * vectors + v}] += s * load(from + u * apart + {position * vectors + v} * LANES);"
        for position, (number, _, _) in enumerate(own)
        for v in range(vectors)
    )
    body = f"""            const real s = operand[k];
            EACH_TILE {{ {sums} }}"""
    return operand_loop(where, operand, size, "if (!begun) " if operand == X else "", body)
