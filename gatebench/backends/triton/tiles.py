"""How a launch is cut: sequences a program, warps, and the shared memory that the weights on chip need.

B batch, I input, H hidden. A program (a thread block) runs all steps of `ROWS` sequences.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatebench.backends.triton.emit.plan import KernelPlan

LEAST_UNITS = 16
"""The smallest width of a tile: a matrix product of Triton sums over at least 16 units."""

_ROWS = {"float32": 4, "bfloat16": 16}  # 16 fills a tensor core; in float32, which has none, fewer leave less work
_SCRATCH_TILES = {"float32": 5, "bfloat16": 3}  # in shared memory beside the weights: operands, changes of layout
_ITEM_BYTES = {"float32": 4, "bfloat16": 2}


@dataclass(frozen=True)
class Tile:
    """The cut of a launch.

    Attributes:
        rows: sequences a program.
        wide_h: H, padded to a power of two.
        wide_i: I, padded to a power of two; of the least width if no value in the loop has width I.
        warps: warps (of 32 threads) a program.
    """

    rows: int
    wide_h: int
    wide_i: int
    warps: int

    def programs(self, B: int) -> int:
        """Return the number of programs for B sequences."""
        return -(-B // self.rows)


def padded(units: int) -> int:
    """Return the width of a tile: a power of two, at least `LEAST_UNITS`."""
    return max(LEAST_UNITS, 1 << (units - 1).bit_length())


def tile(plan: KernelPlan, dtype: str, I: int, H: int) -> Tile:  # noqa: E741
    """Return the cut of a launch for x of a dtype, named without "torch."."""
    wide_h, wide_i = padded(H), padded(I if has_input_width(plan) else 1)
    return Tile(_ROWS[dtype], wide_h, wide_i, 8 if max(wide_h, wide_i) >= 64 else 4)


def has_input_width(plan: KernelPlan) -> bool:
    """Return whether some value in the time loop has the width of the input."""
    widths = {*plan.layout.derived.forward.widths.values(), *plan.layout.derived.backward.widths.values()}
    planes = {where.width for where in plan.layout.places.values() if where.stream in ("saved", "ring")}
    reads_x = any(stream == "x" for stream in plan.loop_streams)
    return "I" in widths | planes or reads_x


def on_chip_bytes(plan: KernelPlan, dtype: str, I: int, H: int) -> int:  # noqa: E741
    """Return the shared memory that the larger of the two kernels needs, at most."""
    wide = {"H": padded(H), "I": padded(I)}
    size = _ITEM_BYTES[dtype]
    widest = wide["I"] if has_input_width(plan) else 0
    scratch = _SCRATCH_TILES[dtype] * 4 * _ROWS[dtype] * max(wide["H"], widest)
    return scratch + max(
        sum(size * wide[rows] * wide[inner] for rows, inner in (plan.layout.shapes[w] for w in weights))
        for weights in (plan.forward_weights, plan.backward_weights)
    )


def largest_hidden_size(plan: KernelPlan, dtype: str, I: int, limit: int) -> int:  # noqa: E741
    """Return the largest H whose weights fit into `limit` bytes of shared memory; 0 if none does."""
    sizes = [1 << power for power in range(4, 11)]
    return max((H for H in sizes if on_chip_bytes(plan, dtype, I, H) <= limit), default=0)
