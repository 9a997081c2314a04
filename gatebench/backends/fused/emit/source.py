"""C for a cell: from its passes, forward and backward, to the middle part of one translation unit.

What stands around it (vectors, packing, time loops) is the same for every cell: `gatebench/backends/fused/*.c`.
"""

from __future__ import annotations

from gatebench.backends.fused.emit.memory_layout import MemoryLayout
from gatebench.backends.fused.emit.products import columns, plane
from gatebench.backends.fused.emit.rows import rows_text
from gatebench.backends.fused.emit.schedule import Stage, terms
from gatebench.backends.fused.emit.stages import stage_text
from gatebench.backends.fused.emit.weight_gradients import outer_sums_text, weights_text
from gatebench.derive.prefixes import DX


def body(layout: MemoryLayout) -> str:
    """Return the passes of the cell, and what packs and calls them in order."""
    parts: list[str] = []
    names: dict[str, list[str]] = {}
    groups: dict[str, tuple[Stage, ...]]
    groups = {
        "forward": layout.forward,
        "backward": layout.backward,
        "arriving": layout.arriving,
        "input": layout.input,
    }
    for group, stages in groups.items():
        names[group] = [f"{group}{i}" for i in range(len(stages))]
        parts += [stage_text(layout, name, stage) for name, stage in zip(names[group], stages, strict=True)]
    parts.append(_narrow_input(layout))
    names["backward"] += [*names["arriving"], *names["input"], "narrow_input"]
    for group in ("forward", "backward"):
        parts.append(_packing(group, names[group]))
    parts.append(_steps("forward", names["forward"], names["forward"]))
    parts.append(_steps("backward", names["backward"][: len(layout.backward)], names["backward"]))
    parts.append(_steps("arriving", names["arriving"], names["backward"]))
    parts.append(_steps("input", [*names["input"], "narrow_input"], names["backward"]))
    return "\n".join([*parts, outer_sums_text(layout), weights_text(layout)])


def rows_body(layout: MemoryLayout) -> str:
    """Return the same for a cell that is run by rows: see `gatebench.backends.fused.emit.rows`."""
    names = [f"arriving{i}" for i in range(len(layout.arriving))]
    parts = [stage_text(layout, name, stage) for name, stage in zip(names, layout.arriving, strict=True)]
    return "\n".join([rows_text(layout), *parts, _steps("arriving", names, names), weights_text(layout)])


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
    conditions = {"narrow_input": "if (has_narrow_input(a)) ", "input0": "if (!has_narrow_input(a)) "}
    lines = []
    for name in workspace:
        if name in names:
            condition = conditions.get(name, "")
            lines.append(f"    {condition}{name}_run(a, w, from, until, first, last);\n")
        lines.append(f"    w += {name}_reals(a);\n")
    return (
        f"static void {group}_steps(const Call *a, const real *w, int64_t from, int64_t until, "
        f"int64_t first, int64_t last) {{\n{''.join(lines)}}}\n"
    )


def _narrow_input(layout: MemoryLayout) -> str:
    """Return the gradient of a narrow x, as sums along the units: a tile of units would be mostly padding."""
    formula = layout.input[0].formulas[DX]
    products = terms(formula) if formula.op == "dot" else ()
    widths = [layout.places[delta].width for _, delta, _ in products]
    packs, sums = [], []
    for (weight, delta, _), width in zip(products, widths, strict=True):
        number = layout.weights.index(weight)
        packs.append(f"        for (int64_t k = 0; k < a->{width}; k++) *to++ = a->weight[{number}][k * a->I + x];\n")
        sums.append(
            f"    sum += dot_product(w, {plane(layout.places[delta])} + b * {columns('ring')}, a->{width}), "
            f"w += a->{width};\n"
        )
    size = " + ".join(f"a->{width}" for width in widths) or "0"
    return f"""
INLINE int has_narrow_input(const Call *a) {{ return {int(bool(products))} && a->I <= LANES / 2; }}
static int64_t narrow_input_reals(const Call *a) {{ return has_narrow_input(a) ? a->I * ({size}) : 0; }}
static void narrow_input_pack(const Call *a, real *to, int64_t i, int64_t n) {{
    for (int64_t x = 0; i == 0 && has_narrow_input(a) && x < a->I; x++) {{
{"".join(packs)}    }}
    (void)to, (void)n;
}}
static real narrow_input_sum(const Call *a, const real *w, int64_t t, int64_t b) {{
    real sum = 0;
{"".join(sums)}    (void)a, (void)w, (void)t, (void)b;
    return sum;
}}
static void narrow_input_run(const Call *a, const real *w, int64_t from, int64_t until, int64_t first, int64_t last) {{
    for (int64_t t = from; t < until; t++) for (int64_t b = first; b < last; b++) for (int64_t x = 0; x < a->I; x++)
        PLANE(STREAM_INPUT, 0, 0, 0)[b * COLUMNS(STREAM_INPUT) + x] = narrow_input_sum(a, w + x * ({size}), t, b);
}}
"""
