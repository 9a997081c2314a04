"""C for a cell: from its passes, forward and backward, to the middle part of one translation unit.

What stands around it (vectors, packing, time loops) is the same for every cell: `gatebench/backends/fused/*.c`.
"""

from __future__ import annotations

from gatebench.backends.fused.emit.memory_layout import MemoryLayout
from gatebench.backends.fused.emit.passes import pass_text
from gatebench.backends.fused.emit.products import columns, plane
from gatebench.backends.fused.emit.rows import rows_text
from gatebench.backends.fused.emit.schedule import Pass, terms
from gatebench.backends.fused.emit.weight_gradients import jobs_text, weights_text
from gatebench.derive.prefixes import DX


def body(plan: MemoryLayout) -> str:
    """Return the passes of the cell, and what packs and calls them in order."""
    parts: list[str] = []
    names: dict[str, list[str]] = {}
    groups: dict[str, tuple[Pass, ...]]
    groups = {"forward": plan.forward, "backward": plan.step, "arriving": plan.arriving, "input": plan.input}
    for group, passes in groups.items():
        names[group] = [f"{group}{i}" for i in range(len(passes))]
        parts += [pass_text(plan, name, step) for name, step in zip(names[group], passes, strict=True)]
    parts.append(_thin(plan))
    names["backward"] += [*names["arriving"], *names["input"], "thin"]
    for group in ("forward", "backward"):
        parts.append(_packing(group, names[group]))
    parts.append(_steps("forward", names["forward"], names["forward"]))
    parts.append(_steps("backward", names["backward"][: len(plan.step)], names["backward"]))
    parts.append(_steps("arriving", names["arriving"], names["backward"]))
    parts.append(_steps("input", [*names["input"], "thin"], names["backward"]))
    return "\n".join([*parts, jobs_text(plan), weights_text(plan)])


def rows_body(plan: MemoryLayout) -> str:
    """Return the same for a cell that is run by rows: see `gatebench.backends.fused.emit.rows`."""
    names = [f"arriving{i}" for i in range(len(plan.arriving))]
    parts = [pass_text(plan, name, step) for name, step in zip(names, plan.arriving, strict=True)]
    return "\n".join([rows_text(plan), *parts, _steps("arriving", names, names), weights_text(plan)])


def _packing(group: str, names: list[str]) -> str:
    """Return the functions that measure and fill the workspace of packed weights."""
    total = " + ".join(f"{n}_reals(a)" for n in names)
    packs = "".join(f"    {n}_pack(a, to, i, n);\n    to += {n}_reals(a);\n" for n in names)
    return (
        f"static int64_t {group}_reals(const Call *a) {{ return {total}; }}\n"
        f"static void {group}_pack(const Call *a, real *to, int64_t i, int64_t n) {{\n{packs}}}\n"
    )


def _steps(group: str, names: list[str], workspace: list[str]) -> str:
    """Return the function that runs some passes from step `from` up to `until`; the workspace holds others too."""
    lines = []
    for name in workspace:
        if name in names:
            condition = {"thin": "if (is_thin(a)) ", "input0": "if (!is_thin(a)) "}.get(name, "")
            lines.append(f"    {condition}{name}_run(a, w, from, until, first, last);\n")
        lines.append(f"    w += {name}_reals(a);\n")
    return (
        f"static void {group}_steps(const Call *a, const real *w, int64_t from, int64_t until, "
        f"int64_t first, int64_t last) {{\n{''.join(lines)}}}\n"
    )


def _thin(plan: MemoryLayout) -> str:
    """Return the gradient of a narrow x, as sums along the units: a tile of units would be mostly padding."""
    formula = plan.input[0].formulas[DX]
    products = terms(formula) if formula.op == "dot" else ()
    widths = [plan.places[delta].width for _, delta, _ in products]
    packs, sums = [], []
    for (weight, delta, _), width in zip(products, widths, strict=True):
        number = plan.weights.index(weight)
        packs.append(f"        for (int64_t k = 0; k < a->{width}; k++) *to++ = a->weight[{number}][k * a->I + x];\n")
        sums.append(
            f"    sum += along(w, {plane(plan.places[delta])} + b * {columns('ring')}, a->{width}), w += a->{width};\n"
        )
    size = " + ".join(f"a->{width}" for width in widths) or "0"
    return f"""
INLINE int is_thin(const Call *a) {{ return {int(bool(products))} && a->I <= LANES / 2; }}
static int64_t thin_reals(const Call *a) {{ return is_thin(a) ? a->I * ({size}) : 0; }}
static void thin_pack(const Call *a, real *to, int64_t i, int64_t n) {{
    for (int64_t x = 0; i == 0 && is_thin(a) && x < a->I; x++) {{
{"".join(packs)}    }}
    (void)to, (void)n;
}}
static real thin_sum(const Call *a, const real *w, int64_t t, int64_t b) {{
    real sum = 0;
{"".join(sums)}    (void)a, (void)w, (void)t, (void)b;
    return sum;
}}
static void thin_run(const Call *a, const real *w, int64_t from, int64_t until, int64_t first, int64_t last) {{
    for (int64_t t = from; t < until; t++) for (int64_t b = first; b < last; b++) for (int64_t x = 0; x < a->I; x++)
        PLANE(STREAM_INPUT, 0, 0, 0)[b * COLUMNS(STREAM_INPUT) + x] = thin_sum(a, w + x * ({size}), t, b);
}}
"""
