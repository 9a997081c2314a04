"""C for the products with x of all steps, before the time loop of the forward pass.

With one sequence, each step would read all weights of x for one row of sums. Before the loop, the steps are the rows of
a block, so a weight is read once for several steps. The sums of a step begin with the products with x in both cases, so
the results are the same, bit for bit.

It is done for `EARLY_STEPS` steps at a time. `begun` has the sums of all stages one after the other: (tiles, steps,
dots of the stage, vectors of a tile).
"""

from __future__ import annotations

from collections.abc import Sequence

from gatebench.backends.fused.emit.constants import DOTS_AT_ONCE
from gatebench.backends.fused.emit.memory_layout import MemoryLayout
from gatebench.backends.fused.emit.products import groups, has_early_inputs, packed_size, vectors_per_tile
from gatebench.backends.fused.emit.schedule import Stage


def early_groups(stage: Stage) -> set[int]:
    """Return the numbers of the groups of dots whose products with x can be computed before the time loop."""
    return {number for number, group in enumerate(groups(stage)) if has_early_inputs(group)}


def begun_sums(stage: Stage, group: int, step: str = "t % EARLY_STEPS") -> str:
    """Return the C expression for the sums of a group that are begun, for tile u and a step."""
    vectors = vectors_per_tile(stage)
    many = len(stage.dots) * vectors
    return f"begun + ((u * early_steps(a) + {step}) * {many} + {group * DOTS_AT_ONCE * vectors}) * LANES"


def begun_before(names: Sequence[str]) -> str:
    """Return the C expression for the size of the sums of these stages."""
    return " + ".join(f"{name}_begun_reals(a)" for name in names) or "0"


def begin_text(layout: MemoryLayout, name: str, stage: Stage) -> str:
    """Return `{name}_begun_reals`, the size of the sums of a stage, and `{name}_begin`, which computes them.

    Sample for lstm::

        OPTIONAL void forward0_begin(const Call *a, const Call *steps, const real *w, real *begun) {
    """
    vectors, early = vectors_per_tile(stage), early_groups(stage)
    many = len(stage.dots) * vectors
    size = f"{name}_tiles(a) * early_steps(a) * {many} * LANES" if early else "0"
    calls, first = "", "w"
    for number, group in enumerate(groups(stage)):
        if number in early:
            own = len(group) * vectors
            calls += f"""
            {name}_{number}_products((int)rows, INPUTS, steps, {first}, 0, t, tile);
            for (int64_t r = 0; r < rows; r++) {{
                real *const to = {begun_sums(stage, number, "t + r")};
                for (int j = 0; j < {own}; j++) store(to + j * LANES, tile[r * {own} + j]);
            }}"""
        first += f" + {packed_size(layout, group, vectors)}"
    most = f"ACCUMULATORS / {min(DOTS_AT_ONCE, max(1, len(stage.dots))) * vectors}"
    return f"""
static int64_t {name}_begun_reals(const Call *a) {{ (void)a; return {size}; }}
OPTIONAL void {name}_begin(const Call *a, const Call *steps, const real *w, real *begun) {{
    enum {{ most = {most} }};
    vec tile[most * {max(1, many)}];
    for (int64_t u = 0; u < {name}_tiles(a); u++, w += {name}_tile(a)) {{
        for (int64_t t = 0, rows; t < steps->B; t += rows) {{
            rows = block_rows(steps->B - t, most);{calls}
        }}
    }}
    (void)steps, (void)w, (void)begun, (void)tile;
}}
"""


def all_begins_text(names: list[str]) -> str:
    """Return the functions for all stages of the forward pass.

    `begun_reals` is the size of the sums of all stages, and `begin_inputs` computes them for the steps from `start` on.

    Args:
        names: the stages, in their order.
    """
    calls = "".join(
        f"    {name}_begin(a, &steps, w, begun);\n    w += {name}_reals(a);\n    begun += {name}_begun_reals(a);\n"
        for name in names
    )
    return f"""
static int64_t begun_reals(const Call *a) {{ return {begun_before(names)}; }}
static void begin_inputs(const Call *a, const real *w, real *begun, int64_t start) {{
    const Call steps = one_long_step(a, start, least(start + EARLY_STEPS, a->T));
{calls}    (void)begun;
}}
"""
