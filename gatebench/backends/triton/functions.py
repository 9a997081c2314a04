"""The elementwise functions of the generated kernels, for float32 tiles.

They agree with torch at points without a derivative, and pass NaN on. This module imports Triton, so only the loader of
the kernels imports it.
"""

from __future__ import annotations

import triton
import triton.language as tl

from gatebench.backends.triton.device import is_interpreted

INTERPRETED = tl.constexpr(is_interpreted())
"""Whether kernels run in Triton's interpreter."""


@triton.jit
def sigmoid(a: tl.tensor) -> tl.tensor:
    """Return 1 / (1 + e^-a), without an overflow: e^-|a| is at most 1."""
    small = tl.exp(-tl.abs(a))
    return tl.where(a < 0, small, 1.0) / (1.0 + small)


@triton.jit
def tanh(a: tl.tensor) -> tl.tensor:
    """Return the hyperbolic tangent: a power series below 1/4, exponentials above."""
    small = tl.exp(-2.0 * tl.abs(a))
    magnitude = (1.0 - small) / (1.0 + small)
    far = tl.where(a < 0, -magnitude, magnitude)
    s = a * a
    near = a + a * s * (-1 / 3 + s * (2 / 15 + s * (-17 / 315 + s * (62 / 2835))))
    return tl.where(s < 0.0625, near, far)


@triton.jit
def relu(a: tl.tensor) -> tl.tensor:
    """Return max(a, 0)."""
    return tl.where(a <= 0, 0.0, a)


@triton.jit
def hard_sigmoid(a: tl.tensor) -> tl.tensor:
    """Return a / 6 + 1 / 2, cut to the range from 0 to 1."""
    linear = a / 6 + 0.5
    return tl.where(linear <= 0, 0.0, tl.where(linear >= 1, 1.0, linear))


@triton.jit
def log_sigmoid(a: tl.tensor) -> tl.tensor:
    """Return log(sigmoid(a)) = min(a, 0) - log(1 + e), e = e^-|a|.

    The logarithm is the power series of 2 artanh(s) with s = e / (2 + e), which is at most 1/3. So a small e keeps its
    relative accuracy.
    """
    small = tl.exp(-tl.abs(a))
    s = small / (2.0 + small)
    q = s * s
    series = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13))))))
    return tl.where(a < 0, a, 0.0) - 2.0 * s * series


@triton.jit
def maximum(a: tl.tensor, b: tl.tensor) -> tl.tensor:
    """Return the larger operand."""
    return tl.maximum(a, b, propagate_nan=tl.PropagateNan.ALL)


@triton.jit
def positive(y: tl.tensor) -> tl.tensor:
    """Return 1 if y > 0, else 0."""
    return tl.where(y > 0, 1.0, 0.0)


@triton.jit
def between(y: tl.tensor) -> tl.tensor:
    """Return 1 if 0 < y < 1, else 0."""
    return tl.where((y > 0) & (y < 1), 1.0, 0.0)


@triton.jit
def wins(a: tl.tensor, b: tl.tensor) -> tl.tensor:
    """Return 1 if a > b, 1/2 if a = b, else 0."""
    return tl.where(a > b, 1.0, tl.where(a == b, 0.5, 0.0))


@triton.jit
def product(a: tl.tensor, weight: tl.tensor, PRECISION: tl.constexpr) -> tl.tensor:
    """Return the matrix product a @ weight, summed in float32. The operand a is rounded to the dtype of the weight.

    Args:
        a: (rows, summed units).
        weight: (summed units, new units).
        PRECISION: how float32 is multiplied: "ieee" or "tf32".
    """
    rounded = a.to(weight.dtype)
    if INTERPRETED:  # numpy has no bfloat16: the interpreter of Triton 3.6 would multiply the bits as whole numbers
        return tl.dot(rounded.to(tl.float32), weight.to(tl.float32))
    return tl.dot(rounded, weight, input_precision=PRECISION)


@triton.jit
def streamed_product(
    operand: tl.tensor,
    offsets: tl.tensor,
    inside: tl.tensor,
    weight: tl.tensor,
    SUMMED: tl.constexpr,
    NEW: tl.constexpr,
    SUMMED_STEP: tl.constexpr,
    NEW_STEP: tl.constexpr,
    ROWS: tl.constexpr,
    WIDE: tl.constexpr,
    BLOCK: tl.constexpr,
    PRECISION: tl.constexpr,
) -> tl.tensor:
    """Return a matrix product whose factors are both read from memory, in blocks of `BLOCK` summed units.

    Args:
        operand: the address of the plane of the operand.
        offsets: (rows,) the distance of each row from there.
        inside: (rows,) whether a row is a sequence of the batch.
        weight: the address of the matrix.
        SUMMED: the number of summed units.
        NEW: the number of units of the result.
        SUMMED_STEP: the distance of two summed units in the matrix.
        NEW_STEP: the distance of two units of the result in the matrix.
        ROWS: rows of the tile.
        WIDE: columns of the tile, at least `NEW`.
        BLOCK: units of a block.
        PRECISION: see `product`.
    """
    new = tl.arange(0, WIDE)
    total = tl.zeros((ROWS, WIDE), tl.float32)
    for first in range(0, SUMMED, BLOCK):
        summed = first + tl.arange(0, BLOCK)
        mask = inside[:, None] & (summed < SUMMED)[None, :]
        a = tl.load(operand + offsets[:, None] + summed[None, :], mask=mask, other=0.0)
        mask = (summed < SUMMED)[:, None] & (new < NEW)[None, :]
        w = tl.load(weight + summed[:, None] * SUMMED_STEP + new[None, :] * NEW_STEP, mask=mask, other=0.0)
        total += product(a, w, PRECISION)
    return total
