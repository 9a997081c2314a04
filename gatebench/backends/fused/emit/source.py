"""C for a cell: the part of its C file that depends on the cell.

The other parts (vectors, packing, time loops) are the same for every cell: `gatebench/backends/fused/c/*.c`.

The docstrings in this package show samples of the C that a function emits for a cell. A test compares them with the
real output. A line `...` in a sample stands for lines that are left out.
"""

from __future__ import annotations

from gatebench.backends.fused.emit.early_inputs import all_begins_text
from gatebench.backends.fused.emit.memory_layout import MemoryLayout
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.backends.fused.emit.products import columns, plane
from gatebench.backends.fused.emit.rounded_stages import rounded_stage_text
from gatebench.backends.fused.emit.rows import rows_text
from gatebench.backends.fused.emit.schedule import Stage, terms
from gatebench.backends.fused.emit.stages import stage_text
from gatebench.backends.fused.emit.states import states_text
from gatebench.backends.fused.emit.weight_gradients import outer_sums_text, weights_text
from gatebench.derive.prefixes import DX


def body(layout: MemoryLayout, form: ProductForm = ProductForm.PLAIN) -> str:
    """Return the C of all stages of a cell, and the functions that pack their weights and call them in order.

    With products of another form than `PLAIN`, each stage has a `_round` and a `_panel` too; see `rounded_stages.py`.

    For the LSTM the functions are, without their arguments: `forward0_run` (the forward step), `backward0_run` (the
    backward step), `arriving0_run` (the gradient of the initial state), `input0_run` (the gradient of x), and for
    each of them `_tile`, `_tiles`, `_reals` and `_pack`.
    """
    names: dict[str, list[str]] = {}
    groups: dict[str, tuple[Stage, ...]]
    groups = {
        "forward": layout.forward,
        "backward": layout.backward,
        "arriving": layout.arriving,
        "input": layout.input,
    }
    parts: list[str] = []
    is_plain = form is ProductForm.PLAIN
    for group, stages in groups.items():
        names[group] = [f"{group}{i}" for i in range(len(stages))]
        parts += (
            _plain_stages(layout, group, names[group], stages)
            if is_plain
            else _rounded_stages(layout, names[group], stages, form)
        )
    if is_plain:
        parts.append(all_begins_text(names["forward"]))
    parts.append(_narrow_input(layout, form))
    stages_with_panel = {
        "forward": names["forward"],
        "backward": names["backward"] + names["arriving"] + names["input"],
    }
    names["backward"] += [*names["arriving"], *names["input"], "narrow_input"]
    for group in ("forward", "backward"):
        parts.append(_packing(group, names[group]))
        if not is_plain:
            parts.append(_largest_panel(group, stages_with_panel[group]))
    parts.append(_steps("forward", names["forward"], names["forward"], form))
    parts.append(_steps("backward", names["backward"][: len(layout.backward)], names["backward"], form))
    parts.append(_steps("arriving", names["arriving"], names["backward"], form))
    parts.append(_steps("input", [*names["input"], "narrow_input"], names["backward"], form))
    return "\n".join([*parts, states_text(layout), outer_sums_text(layout), weights_text(layout, form)])


def _plain_stages(layout: MemoryLayout, group: str, names: list[str], stages: tuple[Stage, ...]) -> list[str]:
    return [
        stage_text(
            layout,
            name,
            stage,
            names[:number] if group == "forward" else None,
            in_loop=group in ("forward", "backward"),
        )
        for number, (name, stage) in enumerate(zip(names, stages, strict=True))
    ]


def _rounded_stages(layout: MemoryLayout, names: list[str], stages: tuple[Stage, ...], form: ProductForm) -> list[str]:
    return [rounded_stage_text(layout, name, stage, form) for name, stage in zip(names, stages, strict=True)]


def rows_body(layout: MemoryLayout) -> str:
    """Return the same as `body` for a cell that is run by rows; see `gatebench.backends.fused.emit.rows`."""
    names = [f"arriving{i}" for i in range(len(layout.arriving))]
    parts = [stage_text(layout, name, stage) for name, stage in zip(names, layout.arriving, strict=True)]
    return "\n".join(
        [rows_text(layout), *parts, _steps("arriving", names, names), states_text(layout), weights_text(layout)]
    )


def _packing(group: str, names: list[str]) -> str:
    """Return the functions that measure and fill the workspace of packed weights.

    Weights for a gradient that nobody wants have a place in it, and are not packed.

    Sample for lstm::

        static int64_t forward_reals(const Call *a) { return forward0_reals(a); }
        static void forward_pack(const Call *a, real *to, int64_t i, int64_t n) {
            forward0_pack(a, to, i, n);
            to += forward0_reals(a);
        }
    """
    total = " + ".join(f"{n}_reals(a)" for n in names)
    packs = "".join(f"    {_if_wanted(n)}{n}_pack(a, to, i, n);\n    to += {n}_reals(a);\n" for n in names)
    return (
        f"static int64_t {group}_reals(const Call *a) {{ return {total}; }}\n"
        f"static void {group}_pack(const Call *a, real *to, int64_t i, int64_t n) {{\n{packs}}}\n"
    )


def _largest_panel(group: str, names: list[str]) -> str:
    """Return the function that gives the numbers in the largest panel of some stages.

    Sample for lstm, rounded::

        static int64_t backward_panel(const Call *a) {
            int64_t most = 0;
            most = greatest(most, backward0_panel(a));
    """
    lines = "".join(f"    most = greatest(most, {name}_panel(a));\n" for name in names)
    return f"static int64_t {group}_panel(const Call *a) {{\n    int64_t most = 0;\n{lines}    return most;\n}}\n"


def _if_wanted(name: str) -> str:
    """Return the condition in C under which a stage's weights are packed, "" for always."""
    if name.startswith("arriving"):
        return "if (a->wants_start) "
    return "if (a->wants_input) " if name in {"input0", "narrow_input"} else ""


def _steps(group: str, names: list[str], workspace: list[str], form: ProductForm = ProductForm.PLAIN) -> str:
    """Return the function that runs some stages from step `from` up to, not including, step `until`.

    Args:
        group: the name of the function, without `_steps`.
        names: the stages that it runs.
        workspace: all stages with packed weights in the workspace, in order.
        form: of the products.

    Sample for lstm::

        w += backward0_reals(a);
        arriving0_run(a, w, from, until, first, last);
        w += arriving0_reals(a);
        w += input0_reals(a);
        w += narrow_input_reals(a);
    """
    conditions = {"narrow_input": "if (has_narrow_input(a)) ", "input0": "if (!has_narrow_input(a)) "}
    parameter = "" if form is ProductForm.PLAIN else "narrow *panel, "
    lines = []
    for name in workspace:
        if name in names:
            condition = conditions.get(name, "")
            panel = "panel, " if parameter and name != "narrow_input" else ""
            lines.append(f"    {condition}{name}_run(a, w, {panel}from, until, first, last);\n")
        lines.append(f"    w += {name}_reals(a);\n")
    return (
        f"static void {group}_steps(const Call *a, const real *w, {parameter}int64_t from, int64_t until, "
        f"int64_t first, int64_t last) {{\n{''.join(lines)}}}\n"
    )


def _narrow_input(layout: MemoryLayout, form: ProductForm) -> str:
    """Return the functions for the gradient of an x that is narrower than half a vector.

    A tile of units of x would be mostly padding, so each number is a sum along the units of H.

    Sample for lstm::

        static real narrow_input_sum(const Call *a, const real *w, int64_t t, int64_t b) {
            real sum = 0;
            sum += dot_product(w, PLANE(STREAM_RING, 0, 0, 0) + b * COLUMNS(STREAM_RING), a->H), w += a->H;
    """
    formula = layout.input[0].formulas[DX]
    products = terms(formula) if formula.op == "dot" else ()
    widths = [layout.places[delta].width for _, delta, _ in products]
    is_plain = form is ProductForm.PLAIN
    packed, product = ("{}", "dot_product") if is_plain else ("rounded_real({})", "rounded_dot_product")
    packs, sums = [], []
    for (weight, delta, _), width in zip(products, widths, strict=True):
        number = layout.weights.index(weight)
        value = packed.format(f"a->weight[{number}][k * a->I + x]")
        packs.append(f"        for (int64_t k = 0; k < a->{width}; k++) *to++ = {value};\n")
        sums.append(
            f"    sum += {product}(w, {plane(layout.places[delta])} + b * {columns('ring')}, a->{width}), "
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
