"""The compiled sums of gate traces: `gatebench/measures/c/gate_sums.c` reads each value of a trace once.

The kernel adds to the same arrays in every batch. It gives the sums of `gatebench.measures.gate_trace`: equal counts,
and equal sums but for rounding. T time, B batch, H hidden.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from gatebench.errors import Refusal
from gatebench.machine.c_compiler import load, trouble
from gatebench.machine.forks import is_fork
from gatebench.machine.turns import outside
from gatebench.measures.gate_sums import Floats, GateLayout, GateSums, PairSums, TraceSums, partner
from gatebench.measures.gate_trace import checked_lengths

USER = "gates"
"""The name under which the compiled kernel is kept; see `gatebench.machine.c_compiler`."""

_REALS = {torch.float32: "float", torch.float64: "double"}

_SERIAL_VALUES = 100_000  # values that one thread reads before another has woken up

_Number = TypeVar("_Number", np.float64, np.int64)

_ADDED, _NO_MEMORY, _WRONG_LENGTH = range(3)  # the answers of `add_batch`

_BLOCK = 16  # UNITS in gate_sums.c

_SUMS = 4  # deviations, their squares, changes, products


class _Gate(ctypes.Structure):
    """`Gate` in gate_sums.c."""

    _fields_ = (
        ("values", ctypes.c_void_p),
        ("step_stride", ctypes.c_int64),
        ("example_stride", ctypes.c_int64),
        ("units", ctypes.c_int64),
        ("per_one", ctypes.c_int64),
        ("first_bin", ctypes.c_int64),
        ("bins", ctypes.c_int64),
        ("partner", ctypes.c_int64),
        ("origin", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
        ("histogram", ctypes.c_void_p),
    )


class _Batch(ctypes.Structure):
    """`Batch` in gate_sums.c."""

    _fields_ = (
        ("T", ctypes.c_int64),
        ("B", ctypes.c_int64),
        ("gates", ctypes.c_int64),
        ("threads", ctypes.c_int64),
        ("first", ctypes.c_int64),
        ("lengths", ctypes.c_void_p),
        ("gate", ctypes.c_void_p),
        ("steps", ctypes.c_int64),
        ("pairs", ctypes.c_int64),
    )


@cache
def kernel_trouble() -> str | None:
    """Return why the kernel cannot be compiled and loaded here, as one sentence, or None."""
    if (reason := trouble(USER)) is not None:
        return reason
    try:
        _library(torch.float32)
    except Refusal as refusal:
        return str(refusal)
    return None


class KernelSums:
    """The sums of all gates of a network over any number of batches.

    Args:
        layouts: the gates that are recorded. A batch can have other gates, which are ignored.
        pair: the two gates whose products are summed in each layer that has both, or None.
    """

    def __init__(self, layouts: tuple[GateLayout, ...], pair: tuple[str, str] | None) -> None:
        self.layouts, self.pair = layouts, pair
        self.steps = self.pairs = 0
        self._units = sum(one.units for one in layouts)
        self._origins = [np.zeros(one.units) for one in layouts]
        sizes = [(_blocks(one.units), one.bins.count) for one in layouts]
        self._sums = [np.zeros((blocks, _SUMS, _BLOCK)) for blocks, _ in sizes]
        self._histograms = [np.zeros((blocks, bins, _BLOCK), np.int64) for blocks, bins in sizes]
        self._partners = [partner(one, layouts, pair) for one in layouts]
        self._gates = (_Gate * len(layouts))()
        for number, (call, one) in enumerate(zip(self._gates, layouts, strict=True)):
            call.units, call.partner = one.units, self._partners[number]
            call.per_one, call.first_bin, call.bins = one.bins.per_one, one.bins.first, one.bins.count
            call.origin, call.sums = self._origins[number].ctypes.data, self._sums[number].ctypes.data
            call.histogram = self._histograms[number].ctypes.data

    def add(self, trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None) -> None:
        """Add a batch; see `GateRecorder.add`. The trace is on the CPU.

        Raises:
            ValueError: a gate has other units than in the layout, or a length is outside of 0 .. T.
        """
        if not self.layouts:
            return
        tensors = [trace[one.layer][one.gate] for one in self.layouts]
        dtype = tensors[0].dtype if tensors[0].dtype in _REALS else torch.float32
        T, B, _ = tensors[0].shape
        kept = []  # the copies of tensors that cannot be read in place; they must outlive the call
        for call, one, tensor in zip(self._gates, self.layouts, tensors, strict=True):
            if tensor.shape != (T, B, one.units):
                raise ValueError(f"{one.gate} of layer {one.layer} is {tuple(tensor.shape)}, not {(T, B, one.units)}")
            if tensor.dtype is not dtype or one.units < _BLOCK or tensor.stride(2) != 1:
                tensor = _copied(tensor, dtype)
                kept.append(tensor)
            call.values = tensor.data_ptr()
            call.step_stride, call.example_stride, _ = tensor.stride()
        if lengths is not None:
            lengths = lengths.to("cpu", torch.int64).contiguous()
        if (lengths is not None and lengths.shape != (B,)) or self._add(dtype, T, B, lengths) == _WRONG_LENGTH:
            checked_lengths(tensors[0], lengths)

    def _add(self, dtype: torch.dtype, T: int, B: int, lengths: Tensor | None) -> int:
        """Call the kernel for the values to which `_gates` points, and return its answer."""
        little = T * B * self._units < _SERIAL_VALUES
        threads = 1 if is_fork() or little else torch.get_num_threads()
        place = None if lengths is None else lengths.data_ptr()
        batch = _Batch(T, B, len(self.layouts), threads, not self.steps, place, ctypes.addressof(self._gates))
        address = ctypes.c_void_p(ctypes.addressof(batch))
        answer = outside(_library(dtype).add_batch, address, is_short=little, has_answer=True)
        if answer == _NO_MEMORY:
            raise MemoryError("There is not enough memory for the sums of the gates.")
        if answer == _ADDED:
            self.steps += batch.steps
            self.pairs += batch.pairs
        return answer

    def reset(self) -> None:
        """Set all sums to 0."""
        self.steps = self.pairs = 0
        for array in (*self._sums, *self._histograms):
            array.fill(0)

    @property
    def sums(self) -> TraceSums:
        """The sums over all batches since the last reset."""
        gates, pairs = {}, {}
        for number, one in enumerate(self.layouts):
            gates[one.layer, one.gate] = self._gate_sums(number)
            if self.pair is not None and self._partners[number] >= 0:
                pairs[one.layer] = PairSums(self.pair, self._products(number))
        return TraceSums(gates, pairs)

    def _gate_sums(self, number: int) -> GateSums:
        units = self.layouts[number].units
        deviations, squares, change, _ = _by_unit(self._sums[number], units)
        with np.errstate(invalid="ignore"):  # inf - inf
            around_mean = np.maximum(squares - deviations**2 / max(self.steps, 1), 0)
        return GateSums(
            self.layouts[number].bins,
            self.steps,
            self._origins[number] * self.steps + deviations,
            around_mean,
            np.ascontiguousarray(_by_unit(self._histograms[number], units).T),
            self.pairs,
            change,
        )

    def _products(self, number: int) -> Floats:
        units = self.layouts[number].units
        own, other = (_by_unit(self._sums[place], units) for place in (number, self._partners[number]))
        with np.errstate(invalid="ignore"):
            products: Floats = own[3] - own[0] * other[0] / max(self.steps, 1)
        return products


def _blocks(units: int) -> int:
    return -(-units // _BLOCK)


def _by_unit(blocks: NDArray[_Number], units: int) -> NDArray[_Number]:
    """Return an array (blocks, n, _BLOCK) of the kernel as (n, units).

    The last block overlaps with the one before it if the number of units is no multiple of `_BLOCK`.
    """
    last = _BLOCK if units < _BLOCK else units - (len(blocks) - 1) * _BLOCK
    lanes = [*blocks[:-1], blocks[-1, :, _BLOCK - last :]]
    return np.concatenate(lanes, 1)[:, :units]


@cache
def _library(dtype: torch.dtype) -> ctypes.CDLL:
    text = (files("gatebench.measures") / "c" / "gate_sums.c").read_text(encoding="utf-8")
    library = load(f"#define REAL {_REALS[dtype]}\n{text}", USER)
    library.add_batch.argtypes = [ctypes.c_void_p]
    library.add_batch.restype = ctypes.c_int
    return library


def _copied(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a tensor (T, B, H) of this dtype with a stride of 1 between units, and zeros up to `_BLOCK` units."""
    copy = tensor.detach().to(dtype)
    return pad(copy, (0, max(0, _BLOCK - copy.shape[2]))).contiguous()
