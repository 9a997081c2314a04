"""C for the gradients of the weights: the blocks that hold their sums, and how these are dealt out to the weights."""

from __future__ import annotations

from gatebench.backends.fused.emit.memory_layout import Job, MemoryLayout
from gatebench.backends.fused.emit.products import columns, plane
from gatebench.derive.adjoint import ONES
from gatebench.derive.prefixes import running_sum


def jobs_text(plan: MemoryLayout) -> str:
    """Return `gradient_jobs`, which says what the blocks of weight gradients multiply from step t on."""
    lines = "".join(f"    jobs[{number}] = (Job){{{_job(plan, job)}, NULL}};\n" for number, job in enumerate(plan.jobs))
    return f"""
static void gradient_jobs(const Call *a, int64_t t, Job *jobs) {{
    static const real one = 1;
{lines}    (void)one, (void)t, (void)a, (void)jobs;
}}
"""


def _job(plan: MemoryLayout, job: Job) -> str:
    vectors = f"{len(job.deltas)} * padded(a->{job.delta_width}) / LANES"
    deltas = f"{plane(plan.places[job.deltas[0]])}, {columns('ring')}, {vectors}"
    if job.operand == ONES:
        return f"&one, 0, 1, {deltas}"
    read = plan.places[job.operand]
    return f"{plane(read)}, {columns(read.stream)}, a->{read.width}, {deltas}"


def weights_text(plan: MemoryLayout) -> str:
    """Return `block_reals`, the size of each job's block; `deal_all`, out of the blocks; and `vector_width`."""
    sizes = _cases("block_reals", _sizes(plan), "UNKNOWN_SUM")
    widths = _cases("vector_width", _widths(plan), "UNKNOWN_VECTOR")
    return "\n".join([sizes, widths, _deals(plan)])


def _cases(name: str, values: list[str], error: str) -> str:
    cases = "".join(f"    case {number}: return {value};\n" for number, value in enumerate(values))
    return f"""
static int64_t {name}(const Call *a, int number) {{
    switch (number) {{
{cases}    default: fail(a, {error}); return 0;
    }}
}}
"""


def _sizes(plan: MemoryLayout) -> list[str]:
    return [f"{len(j.deltas)} * padded(a->{j.delta_width}) * {_units(j)}" for j in plan.jobs]


def _widths(plan: MemoryLayout) -> list[str]:
    return [f"a->{plan.shapes[vector][0]}" for vector in plan.vectors]


def _units(job: Job) -> str:
    return "1" if job.operand == ONES else f"a->{job.width}"


def _deals(plan: MemoryLayout) -> str:
    """Return the function that writes each weight's gradient; a weight with two products gets the sum."""
    numbers = {weight: number for number, weight in enumerate(plan.shapes)}
    lines, begun = [], set[str]()
    for outer in plan.derived.outers:
        for number, job in enumerate(plan.jobs):
            if job.operand == outer.operand and outer.delta in job.deltas:
                width = f"padded(a->{job.delta_width})"
                lines.append(
                    f"deal(a->gradient[{numbers[outer.weight]}], blocks[{number}] + {job.deltas.index(outer.delta)} * "
                    f"{width}, {len(job.deltas)} * {width}, {_units(job)}, a->{job.delta_width}, "
                    f"{int(outer.weight in begun)});"
                )
                begun.add(outer.weight)
    for weight in plan.derived.sums:
        where = plan.places[running_sum(weight)]
        lines.append(
            f"add_up(a->gradient[{numbers[weight]}], {plane(where)}, {columns(where.stream)}, a->B, a->{where.width});"
        )
    text = "".join(f"    {line}\n" for line in lines)
    return f"""
static void deal_all(const Call *a, real *const *blocks) {{
    const int64_t t = 0;
{text}    (void)a, (void)blocks, (void)t;
}}
"""
