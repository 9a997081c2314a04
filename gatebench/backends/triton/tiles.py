"""How a launch is cut: sequences a program, warps, and whether the recurrent weights stay on chip.

B batch, I input, H hidden. A program (a thread block) runs all steps of `ROWS` sequences.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatebench.backends.triton.emit.plan import KernelPlan

LEAST_UNITS = 16
"""The smallest width of a tile: a matrix product of Triton sums over at least 16 units."""

MOST_UNITS = 512
"""The largest width of a tile: with more units, a program has more numbers in flight than registers."""

_BLOCK = 32  # summed units of a product that reads its matrix from memory
_ROWS = {"float32": 4, "tf32": 16, "bfloat16": 16}  # 16 fills a tensor core, which float32 has not
_SCRATCH_TILES = {"float32": 5, "tf32": 5, "bfloat16": 3}  # float32 tiles in shared memory beside the weights
_ITEM_BYTES = {"float32": 4, "tf32": 4, "bfloat16": 2}


@dataclass(frozen=True)
class Tile:
    """The cut of a launch.

    Attributes:
        on_chip: whether the matrices stay on chip; if not, every step reads them from memory.
        rows: sequences a program.
        wide_h: H, padded to a power of two.
        wide_i: I, padded to a power of two; of the least width if no value in the loop has width I.
        warps: warps (of 32 threads) a program.
    """

    on_chip: bool
    rows: int
    wide_h: int
    wide_i: int
    warps: int

    @property
    def block_h(self) -> int:
        """The summed units of a block of a product with H of them."""
        return min(_BLOCK, self.wide_h)

    @property
    def block_i(self) -> int:
        """The summed units of a block of a product with I of them."""
        return min(_BLOCK, self.wide_i)

    def programs(self, B: int) -> int:
        """Return the number of programs for B sequences."""
        return -(-B // self.rows)


def padded(units: int) -> int:
    """Return the width of a tile: a power of two, at least `LEAST_UNITS`."""
    return max(LEAST_UNITS, 1 << (units - 1).bit_length())


def tile(plan: KernelPlan, arithmetic: str, I: int, H: int, shared: int) -> Tile:  # noqa: E741
    """Return the cut of a launch.

    Args:
        plan: the cell's kernels.
        arithmetic: of the products: "float32", "tf32" or "bfloat16".
        I: inputs.
        H: hidden units.
        shared: bytes of shared memory that a program may have.
    """
    wide_h, wide_i = padded(H), padded(I if has_input_width(plan) else 1)
    on_chip = on_chip_bytes(plan, arithmetic, I, H) <= shared
    matrices = max(len(plan.forward_weights), len(plan.backward_weights))
    warps = _warps(arithmetic, max(wide_h, wide_i), matrices, on_chip)
    return Tile(on_chip, _ROWS[arithmetic], wide_h, wide_i, warps)


def _warps(arithmetic: str, width: int, matrices: int, on_chip: bool) -> int:
    """Return the warps of a program: few, so that a thread has more products for each number that it loads.

    With fewer warps, kernels up to a width of 128 spill registers; `tests.triton_report` shows them.
    """
    if width < 64:
        return 4
    if arithmetic != "float32":
        return 8 if width <= 128 else 16
    if width == 128:
        return 16 if on_chip else 4 if matrices <= 5 else 8
    return 8 if width <= 256 else 16


def widest(plan: KernelPlan, I: int, H: int) -> int:  # noqa: E741
    """Return the width of the widest tile in the time loop."""
    return padded(max(H, I if has_input_width(plan) else 1))


def has_input_width(plan: KernelPlan) -> bool:
    """Return whether some value in the time loop has the width of the input."""
    widths = {*plan.layout.derived.forward.widths.values(), *plan.layout.derived.backward.widths.values()}
    planes = {where.width for where in plan.layout.places.values() if where.stream in ("saved", "ring")}
    reads_x = any(stream == "x" for stream in plan.loop_streams)
    return "I" in widths | planes or reads_x


def on_chip_bytes(plan: KernelPlan, arithmetic: str, I: int, H: int) -> int:  # noqa: E741
    """Return the shared memory that the larger of the two kernels needs if all its matrices stay on chip, at most."""
    wide = {"H": padded(H), "I": padded(I)}
    size = _ITEM_BYTES[arithmetic]
    scratch = _SCRATCH_TILES[arithmetic] * 4 * _ROWS[arithmetic] * widest(plan, I, H)
    return scratch + max(
        sum(size * wide[rows] * wide[inner] for rows, inner in (plan.layout.shapes[w] for w in weights))
        for weights in (plan.forward_weights, plan.backward_weights)
    )
