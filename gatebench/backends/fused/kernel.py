"""One cell's compiled code, and the call that it takes. T time, B batch, I input, H hidden."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Hashable, Mapping
from functools import lru_cache
from importlib.resources import files

import torch
from torch import Tensor

from gatebench.backends.fused.compiler import load
from gatebench.definitions import Definitions
from gatebench.derive.emit import body, declarations, rows_body
from gatebench.derive.emit_rows import by_rows
from gatebench.derive.layout import STREAMS, Layout, Place, layout
from gatebench.expression import names

REALS = {torch.float32: ("float", ctypes.c_float), torch.float64: ("double", ctypes.c_double)}
"""C's name of each dtype that can be run."""

_LITTLE = 10_000_000  # floating-point operations that one thread does before another has woken up
_POINTWISE = 50  # of them for one unit where there is no product to speak of

_FAR = 1 << 24  # bytes of a buffer above which no cache would hold its beginning until the backward pass

_forked = False


def _after_fork() -> None:
    global _forked
    _forked = True


os.register_at_fork(after_in_child=_after_fork)


class Stream(ctypes.Structure):
    """`Stream` in tile.c."""

    _fields_ = (("data", ctypes.c_void_p), ("period", ctypes.c_int64), ("columns", ctypes.c_int64))


class Kernel:
    """The library of one cell and one dtype.

    Attributes:
        plan: where everything lies.
        deals: for each weight's gradient, the number of its block and its place in it.
        lanes: numbers in a vector: rows of streams are padded to multiples of it.
        by_rows: whether it runs by rows, for which x must be narrow; see `gatebench.derive.emit_rows`.
    """

    def __init__(self, plan: Layout, dtype: torch.dtype, narrow: bool = False) -> None:
        self.plan, self.dtype, self.by_rows = plan, dtype, narrow and by_rows(plan)
        self.library = load(source(plan, dtype, self.by_rows))
        self.lanes = ctypes.c_int64.in_dll(self.library, "lanes").value
        self.threaded = bool(ctypes.c_int64.in_dll(self.library, "threaded").value)
        self.call_type = _call_type(plan)
        self.deals = [
            (outer.weight, number, job.deltas.index(outer.delta))
            for outer in plan.derived.outers
            for number, job in enumerate(plan.jobs)
            if job.operand == outer.operand and outer.delta in job.deltas
        ]
        pointwise = [f for step in (*plan.forward, *plan.step) for f in step.formulas.values()]
        self.pads_input = any(
            "x[t]" in names(f) for f in pointwise
        )  # whole vectors of x are read, and not only numbers
        if ctypes.c_int64.in_dll(self.library, "call_bytes").value != ctypes.sizeof(self.call_type):
            raise AssertionError("the call has another layout in C")

    def padded(self, width: int) -> int:
        """Return a width rounded up to whole vectors."""
        return -(-width // self.lanes) * self.lanes

    def columns(self, stream: str, I: int, H: int) -> int:  # noqa: E741
        """Return the row length of a stream.

        In the ring it is an odd number of vectors: rows a power of two apart would share a few lines of the cache.
        """
        many_H, many_I = self.plan.columns[stream]
        width = many_H * self.padded(H) + many_I * self.padded(I)
        return width + self.lanes if stream == "ring" and width and width // self.lanes % 2 == 0 else width

    def plane(self, buffer: Tensor, where: Place, I: int, H: int) -> Tensor:  # noqa: E741
        """Return a plane of a stream's buffer without its padding: (slots, B, width)."""
        first = where.H * self.padded(H) + where.I * self.padded(I)
        return buffer[..., first : first + (H if where.width == "H" else I)]

    def run(
        self,
        function: str,
        sizes: Mapping[str, int],
        streams: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
        lengths: Tensor | None,
        gradients: list[Tensor],
    ) -> None:
        """Call "forward" or "backward".

        Args:
            function: which.
            sizes: T, B, I, H, and for "backward" rows, wants_input, wants_start.
            streams: (slots, B, columns) each, contiguous.
            weights: by the table's names; vectors padded to whole vectors.
            lengths: (B,) int64, or None.
            gradients: one for each of the plan's jobs.
        """
        kept = sum(streams[s].nbytes for s in ("saved", "shown") if s in streams)
        call = self.call_type(**sizes, threads=self._threads(sizes), far=int(kept > _FAR))
        call.lengths = lengths.data_ptr() if lengths is not None else None
        for name, tensor in streams.items():
            call.stream[STREAMS.index(name)] = Stream(tensor.data_ptr(), tensor.shape[0], tensor.shape[-1])
        for number, weight in enumerate(self.plan.weights):
            call.weight[number] = weights[weight].data_ptr()
        for number, vector in enumerate(self.plan.vectors):
            call.vector[number] = weights[vector].data_ptr()
        for number, gradient in enumerate(gradients):
            call.gradient[number] = gradient.data_ptr()
        if not getattr(self.library, function)(ctypes.byref(call)):
            raise MemoryError("no memory for the packed weights of a recurrent layer")

    def _threads(self, sizes: Mapping[str, int]) -> int:
        """Return torch's number of threads; 1 for little work, and in a fork, where the parent's threads are gone."""
        T, B, I, H = (sizes[n] for n in "TBIH")  # noqa: E741
        flops = T * B * H * (_POINTWISE if self.by_rows else 2 * (I + H) * max(1, len(self.plan.weights) // 2))
        return 1 if _forked or not self.threaded or B == 1 or flops < _LITTLE else torch.get_num_threads()


@lru_cache(maxsize=1024)
def kernel_of(definitions: Definitions, dtype: torch.dtype, narrow: bool = False) -> Kernel:
    """Return a cell's code, compiled if need be; cells with the same equations share it.

    With `narrow` it is code for x of up to `WIDEST` numbers, which only some cells have; others get the usual one.

    Raises:
        Refusal: it cannot be compiled here.
    """
    key = (definitions.text(), tuple(definitions.parameters.items()), definitions.memory, dtype, narrow)
    if key not in _kernels:
        _kernels[key] = Kernel(layout(definitions, again=narrow), dtype, narrow)
    return _kernels[key]


_kernels: dict[Hashable, Kernel] = {}


def source(plan: Layout, dtype: torch.dtype, rows: bool = False) -> str:
    """Return the C text of a cell."""
    header = f"#define REAL {REALS[dtype][0]}\n#define DOUBLE {int(dtype == torch.float64)}\n"
    middle = [_part("rows"), rows_body(plan)] if rows else [body(plan), _part("drive")]
    return "\n".join([header, _part("vector"), declarations(plan), _part("tile"), _part("threads"), *middle])


def _part(name: str) -> str:
    return (files("gatebench.backends.fused") / f"{name}.c").read_text(encoding="utf-8")


def _call_type(plan: Layout) -> type[ctypes.Structure]:
    numbers = ("T", "B", "I", "H", "threads", "rows", "wants_input", "wants_start", "far")
    fields = [
        *((n, ctypes.c_int64) for n in numbers),
        ("lengths", ctypes.c_void_p),
        ("stream", Stream * len(STREAMS)),
        ("weight", ctypes.c_void_p * (len(plan.weights) + 1)),
        ("vector", ctypes.c_void_p * (len(plan.vectors) + 1)),
        ("gradient", ctypes.c_void_p * (len(plan.jobs) + 1)),
    ]
    return type("Call", (ctypes.Structure,), {"_fields_": fields})
