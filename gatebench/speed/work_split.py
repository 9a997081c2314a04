"""How evenly the backend `fused` divides the work of a training step among threads: computed, not measured.

The C code divides three things: the sequences of the batch (`forward` and `backward` in c/drive.c), the pieces of the
weight gradients (`weight_gradients`) and the rows of the gradient of x (`input_gradient`). This module repeats these
divisions. T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gatebench.backends.fused.emit.constants import LINE_BYTES, OUTER_UNITS, OUTER_VECTORS
from gatebench.backends.fused.emit.memory_layout import OuterSum, memory_layout
from gatebench.derive.adjoint import ONES
from gatebench.spec.cell import Cell
from gatebench.speed.shape import Shape

LANES = LINE_BYTES // 4
"""float32 numbers in a vector of AVX-512."""

REGISTERS = 32
"""Vector registers of AVX-512."""

_PRODUCTS_OF_GRADIENTS = 1 / 3  # the part of a step's matrix products that gives the gradients of weights


@dataclass(frozen=True)
class WorkSplit:
    """The division of a training step among threads.

    Attributes:
        threads: the number of threads.
        sequences: the largest share of a thread of the sequences of the batch, from 0 to 1.
        gradients: the largest share of a thread of the work on the weight gradients, from 0 to 1.
    """

    threads: int
    sequences: float
    gradients: float

    @property
    def share(self) -> float:
        """The largest share of a thread of all matrix products. A third of them give the gradients of weights."""
        return (1 - _PRODUCTS_OF_GRADIENTS) * self.sequences + _PRODUCTS_OF_GRADIENTS * self.gradients

    def speed(self, serial: float) -> float:
        """Return how many times as fast as one thread a step is, if only the division and a serial part limit it.

        Args:
            serial: the part of the time of one thread that is not divided, from 0 to 1.
        """
        return 1 / (serial + (1 - serial) * self.share)


def work_split(cell: Cell, shape: Shape, threads: int) -> WorkSplit:
    """Return the division of a training step of a cell among threads, for a processor with AVX-512.

    A single sequence runs on one thread.
    """
    if shape.B == 1:
        return WorkSplit(threads, 1.0, 1.0)
    costs = [
        cost for outer_sum in memory_layout(cell.definitions).outer_sums for cost in _piece_costs(outer_sum, shape)
    ]
    return WorkSplit(threads, largest_share([1] * shape.B, threads), largest_share(costs, threads))


def largest_share(costs: Sequence[int], threads: int) -> float:
    """Return the largest share of a thread, from 0 to 1, if thread i takes the elements from n·i/threads on.

    Args:
        costs: the cost of each element; its number of elements is n.
        threads: the number of threads.
    """
    bounds = [len(costs) * thread // threads for thread in range(threads + 1)]
    return max(sum(costs[first:last]) for first, last in pairwise(bounds)) / sum(costs)


def serial_part(one: float, several: float, split: WorkSplit) -> float:
    """Return the part of the time of one thread that is not divided, from two measured times.

    Args:
        one: the time of a step on one thread.
        several: the time of a step on the threads of `split`, in the same unit.
        split: the division among these threads.
    """
    return min(1.0, max(0.0, (several / one - split.share) / (1 - split.share))) if split.share < 1 else 1.0


def _piece_costs(outer_sum: OuterSum, shape: Shape) -> list[int]:
    """Return the cost of each piece of a sum of weight gradients: its units times its vectors, in the order of C."""
    widths = {"H": shape.H, "I": shape.I}
    units = 1 if outer_sum.operand == ONES else widths[outer_sum.width]
    vectors = len(outer_sum.deltas) * -(-widths[outer_sum.delta_width] // LANES)
    unit_blocks, vector_blocks = _blocks(units, OUTER_UNITS[REGISTERS]), _blocks(vectors, OUTER_VECTORS)
    return [some_units * some_vectors for some_vectors in vector_blocks for some_units in unit_blocks]


def _blocks(size: int, most: int) -> list[int]:
    """Return the sizes of the blocks that a size is divided into: `most` each, and the rest."""
    return [min(most, size - start) for start in range(0, size, most)]
