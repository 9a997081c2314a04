"""Dropout masks, drawn by compiled code: the numbers of torch to the last bit, and the same state of the generator.

On a CPU torch draws the numbers of a mask one by one, each in 11 to 16 ns. The compiled code draws those of a block at
once. It is used if it gives torch's numbers here, which a test at its first use tells.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import torch
from torch import Generator, Tensor, nn

from gatebench.backends.tracing import is_traced
from gatebench.errors import Refusal
from gatebench.machine.c_compiler import load, trouble

USER = "masks"
"""The name under which the compiled code is kept; see `gatebench.machine.c_compiler`."""

_FEW = 512  # numbers that torch draws in the time in which the state of the generator is copied

_TESTED = (1, 311, 312, 1000, 625)
"""The sizes of the masks of the test: within a block of the generator, at its end and beyond."""


class Dropout(nn.Dropout):
    """`torch.nn.Dropout` with faster masks."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x, in training mode with dropout."""
        return dropout(x, self.p, self.training)


def dropout(x: Tensor, probability: float, training: bool = True) -> Tensor:
    """Return `torch.nn.functional.dropout(x, probability, training)`, to the last bit.

    Args:
        x: of any shape.
        probability: p. A value is set to 0 with this probability, and divided by 1 − p otherwise.
        training: whether there is dropout.
    """
    if is_traced() or not (training and 0 < probability < 1):  # a program that is traced may not depend on sizes
        return nn.functional.dropout(x, probability, training)
    is_plain = type(x) is Tensor and x.device.type == "cpu" and x.dtype == torch.float32 and x.numel() >= _FEW
    if is_plain and _is_torchs():
        mask = torch.empty_like(x)
        if mask.is_contiguous():  # torch fills another one in another order
            return x * _fill(mask, probability, torch.default_generator)
    return nn.functional.dropout(x, probability, training)


def scaled_mask(shape: Sequence[int], probability: float, dtype: torch.dtype, generator: Generator | None) -> Tensor:
    """Return a mask on the CPU: 0 with the probability p, and 1 / (1 − p) otherwise.

    Args:
        shape: its shape.
        probability: p, greater than 0 and less than 1.
        dtype: its number type.
        generator: the source of the numbers, on the CPU; None: torch's global one.
    """
    source = torch.default_generator if generator is None else generator
    if not is_traced() and dtype == torch.float32 and math.prod(shape) >= _FEW and _is_torchs():
        return _fill(torch.empty(tuple(shape)), probability, source)
    return _plain_mask(shape, probability, dtype, source)


def _plain_mask(shape: Sequence[int], probability: float, dtype: torch.dtype, source: Generator) -> Tensor:
    kept = torch.full(tuple(shape), 1 - probability, dtype=dtype)
    return kept.bernoulli_(1 - probability, generator=source).div_(1 - probability)


def _fill(mask: Tensor, probability: float, source: Generator) -> Tensor:
    """Fill a contiguous mask with the same numbers, and return it.

    torch keeps a value if a number of 53 random bits is less than (1 − p) 2^53.
    """
    state = source.get_state()
    _library().draw_mask(
        ctypes.c_void_p(state.data_ptr()),
        ctypes.c_int64(mask.numel()),
        ctypes.c_uint64(math.ceil((1 - probability) * 2**53)),
        ctypes.c_float(_kept(probability)),
        ctypes.c_void_p(mask.data_ptr()),
    )
    source.set_state(state)
    return mask


@cache
def _kept(probability: float) -> float:
    """Return 1 / (1 − p) as torch rounds it."""
    return torch.ones(()).div_(1 - probability).item()


@cache
def _library() -> ctypes.CDLL:
    return load((files("gatebench.nn") / "c" / "masks.c").read_text(encoding="utf-8"), USER)


@cache
def _is_torchs() -> bool:
    """Return whether the compiled code runs here and gives torch's masks and states."""
    if trouble(USER) is not None:
        return False
    ours, theirs = Generator().manual_seed(1), Generator().manual_seed(1)
    try:
        pairs = [
            (_fill(torch.empty(size), 0.3, ours), _plain_mask((size,), 0.3, torch.float32, theirs)) for size in _TESTED
        ]
    except Refusal:
        return False
    return all(torch.equal(*pair) for pair in pairs) and torch.equal(ours.get_state(), theirs.get_state())
