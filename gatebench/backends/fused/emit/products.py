"""C for the matrix products of a stage. Weights are packed in the order in which they are read; sums are in registers.

A block has some sequences and one tile of units. The sums of up to `DOTS_AT_ONCE` dots of a block are in registers
at the same time.
"""

from __future__ import annotations

from gatebench.backends.fused.emit.call_struct import stream_number
from gatebench.backends.fused.emit.constants import DOTS_AT_ONCE, ROW_BLOCKS
from gatebench.backends.fused.emit.memory_layout import MemoryLayout, Plane
from gatebench.backends.fused.emit.schedule import Stage, terms
from gatebench.spec.dated import DatedName, X
from gatebench.spec.expression import Expr

_ACROSS = {1: 2, 2: 1, 3: 1, 4: 1}  # vectors of units in a tile, by the number of dots: fills the registers best

Use = tuple[int, str, bool]
"""The number of a dot, its weight, and whether the weight is transposed."""


def plane(where: Plane) -> str:
    """Return the C expression for the address of a plane's first row at step t.

    Sample for lstm::

        real *const p5 = PLANE(STREAM_MEMORY, 1, 0, 0); /* c[t] */
    """
    return f"PLANE({stream_number(where.stream)}, {where.shift}, {where.h_before}, {where.i_before})"


def columns(stream: str) -> str:
    """Return the C expression for the length of a stream's rows."""
    return f"COLUMNS({stream_number(stream)})"


def groups(stage: Stage) -> list[tuple[Expr, ...]]:
    """Return the dots of a stage in groups; a group is computed together."""
    return [stage.dots[i : i + DOTS_AT_ONCE] for i in range(0, len(stage.dots), DOTS_AT_ONCE)]


def vectors_per_tile(stage: Stage) -> int:
    """Return how many vectors of units a tile of this stage has."""
    return _ACROSS[max(map(len, groups(stage)), default=1)]


def uses(group: tuple[Expr, ...]) -> dict[DatedName, list[Use]]:
    """Return, by operand, the dots that read it."""
    found: dict[DatedName, list[Use]] = {}
    for number, dot in enumerate(group):
        for weight, operand, transposed in terms(dot):
            found.setdefault(operand, []).append((number, weight, transposed))
    return found


def packed_size(layout: MemoryLayout, group: tuple[Expr, ...], vectors: int) -> str:
    """Return the C expression for how many numbers the packed weights of one tile have.

    Sample for lstm::

        static int64_t forward0_tile(const Call *a) { (void)a; return (4 * a->I + 4 * a->H) * 1 * LANES; }
    """
    parts = [f"{len(own)} * a->{layout.places[operand].width}" for operand, own in uses(group).items()]
    return f"({' + '.join(parts)}) * {vectors} * LANES"


def has_early_inputs(group: tuple[Expr, ...]) -> bool:
    """Return whether the products with x can be computed before the time loop: the sums of a block begin with them."""
    return next(iter(uses(group))) == X


def products(layout: MemoryLayout, name: str, group: tuple[Expr, ...], vectors: int) -> str:
    """Return the function `{name}_products`, which computes a group's dots for one block into `tile`.

    Its argument `part` is ALL, or INPUTS for the products with x only, which may be computed before the time loop.

    Sample for lstm::

            switch (rows) {
        #if ACCUMULATORS / 4 >= 1
            case 1: forward0_0_block(1, part, a, w, t, row, tile); break;
        #endif
        ...
            default: fail(a, UNKNOWN_ROWS);
            }
        }
    """
    many = len(group) * vectors
    body = "\n".join(
        products_of_vectors(
            layout.places[operand], operand, own, vectors, "" if operand == X else "if (part != INPUTS) "
        )
        for operand, own in uses(group).items()
    )
    cases = "\n".join(
        f"#if ACCUMULATORS / {many} >= {n}\n    case {n}: {name}_block({n}, part, a, w, t, row, tile); break;\n#endif"
        for n in sorted(ROW_BLOCKS)
    )
    return f"""
INLINE void {name}_block(const int rows, int part, const Call *a, const real *w, int64_t t, int64_t row, vec *tile) {{
    vec sum[ACCUMULATORS / {many}][{many}];
    EACH_ROW for (int j = 0; j < {many}; j++) sum[r][j] = (vec){{0}};
{body}
    EACH_ROW for (int j = 0; j < {many}; j++) tile[r * {many} + j] = sum[r][j];
    (void)part;
}}
APART void {name}_products(int rows, int part, const Call *a, const real *w, int64_t t, int64_t row, vec *tile) {{
    switch (rows) {{
{cases}
    default: fail(a, UNKNOWN_ROWS);
    }}
}}
"""


def products_of_vectors(
    where: Plane,
    operand: DatedName,
    own: list[Use],
    vectors: int,
    condition: str = "",
    across: str = "",
    address: str = "",
) -> str:
    """Return the loop over the units of one operand, for some rows; its products are added to `sum`.

    Sample for lstm::

        if (part != INPUTS) { /* h[t-1] */
            const int64_t columns = COLUMNS(STREAM_OUTPUT), K = a->H;
            const real *operand = PLANE(STREAM_OUTPUT, 0, 0, 0) + row * columns, *from = w;
            for (int64_t k = 0; k < K; k++, from += 4 * LANES) {
        ...
                EACH_ROW {
                    const real s = operand[r * columns + k];
                    sum[r][0] += s * w0; sum[r][1] += s * w1; sum[r][2] += s * w2; sum[r][3] += s * w3;

    Args:
        where: the plane of the operand.
        operand: its name.
        own: the dots that read it.
        vectors: the vectors of units in a tile.
        condition: as in `operand_loop`.
        across: as in `operand_loop`.
        address: as in `operand_loop`.
    """
    size = len(own) * vectors
    loads = ", ".join(f"w{j} = load(from + {j} * LANES)" for j in range(size))
    sums = " ".join(
        f"sum[r][{number * vectors + v}] += s * w{position * vectors + v};"
        for position, (number, _, _) in enumerate(own)
        for v in range(vectors)
    )
    body = f"""            const vec {loads};
            EACH_ROW {{
                const real s = operand[r * columns + k];
                {sums}
            }}"""
    return operand_loop(where, operand, size, condition, body, across, address)


def operand_loop(
    where: Plane, operand: DatedName, size: int, condition: str, body: str, across: str = "", address: str = ""
) -> str:
    """Return the loop over the units k of an operand. In it, `from` has the packed weights of unit k.

    Args:
        where: the plane of the operand.
        operand: its name.
        size: the number of vectors of weights of one unit.
        condition: the condition in C under which the loop runs, "" for always.
        body: the content of the loop.
        across: the C expression for the length of the operand's rows; "" for those of its stream.
        address: that of the operand's first row; "" for that of its plane.
    """
    return f"""    {condition}{{ /* {operand} */
        const int64_t columns = {across or columns(where.stream)}, K = {operand_count(where, operand)};
        const real *operand = {address or plane(where)} + row * columns, *from = w;
        for (int64_t k = 0; k < K; k++, from += {size} * LANES) {{
{body}
        }}
    }}
    w += a->{where.width} * {size} * LANES;"""


def operand_count(where: Plane, operand: DatedName) -> str:
    """Return the C expression for the number of an operand's units.

    At the last step, an operand of the step after it has none.
    """
    return f"t + 1 < a->T ? a->{where.width} : 0" if operand.is_next else f"a->{where.width}"


def packing(layout: MemoryLayout, name: str, stage: Stage) -> str:
    """Return the functions that measure a stage's packed weights, and that pack them.

    Sample for lstm::

        static int64_t backward0_tiles(const Call *a) { return ceiling(padded(a->H) / LANES, 2); }
        static int64_t backward0_reals(const Call *a) { return backward0_tiles(a) * backward0_tile(a); }
        OPTIONAL void backward0_pack(const Call *a, real *all, int64_t i, int64_t n) {
            for (int64_t tile = i; tile < backward0_tiles(a); tile += n) {
                real *to = all + tile * backward0_tile(a);
                pack(to + 0 * LANES, 2 * LANES, a->weight[7], a->H, a->H, (tile * 2 + 0) * LANES, 1);
    """
    vectors = vectors_per_tile(stage)
    lines = [
        line
        for group in groups(stage)
        for operand, own in uses(group).items()
        for line in _packed(layout, stage, operand, own, vectors)
    ]
    size = " + ".join(packed_size(layout, group, vectors) for group in groups(stage)) or "0"
    body = "\n".join(lines)
    return f"""
static int64_t {name}_tile(const Call *a) {{ (void)a; return {size}; }}
static int64_t {name}_tiles(const Call *a) {{ return ceiling(padded(a->{stage.width}) / LANES, {vectors}); }}
static int64_t {name}_reals(const Call *a) {{ return {name}_tiles(a) * {name}_tile(a); }}
OPTIONAL void {name}_pack(const Call *a, real *all, int64_t i, int64_t n) {{
    for (int64_t tile = i; tile < {name}_tiles(a); tile += n) {{
        real *to = all + tile * {name}_tile(a);
{body}
        (void)to;
    }}
}}
"""


def _packed(layout: MemoryLayout, stage: Stage, operand: DatedName, own: list[Use], vectors: int) -> list[str]:
    inner, size = f"a->{layout.places[operand].width}", len(own) * vectors
    number = layout.weights.index
    lines = [
        f"        pack(to + {position * vectors + v} * LANES, {size} * LANES, a->weight[{number(weight)}], "
        f"{inner}, a->{stage.width}, (tile * {vectors} + {v}) * LANES, {int(transposed)});"
        for position, (_, weight, transposed) in enumerate(own)
        for v in range(vectors)
    ]
    return [*lines, f"        to += {inner} * {size} * LANES;"]
