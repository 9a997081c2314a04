"""One cell's compiled code, and the call that it takes. T time, B batch, I input, H hidden."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NoReturn

import torch
from torch import Tensor

from gatebench.backends.fused.buffer_shapes import BufferShapes, buffer_shapes
from gatebench.backends.fused.compiler import load
from gatebench.backends.fused.emit.call_struct import call_type, exported_layout, layout_of, structs_text
from gatebench.backends.fused.emit.constants import ERRORS, LINE_BYTES, constants_text
from gatebench.backends.fused.emit.memory_layout import STREAMS, MemoryLayout, memory_layout
from gatebench.backends.fused.emit.rows import by_rows
from gatebench.backends.fused.emit.source import body, rows_body
from gatebench.errors import Refusal
from gatebench.spec.dated import X
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import names

REALS = {torch.float32: "float", torch.float64: "double"}
"""C's name of each dtype that can be run."""

_LITTLE = 10_000_000  # floating-point operations that one thread does before another has woken up

_POINTWISE = 50  # of them for one unit where there is no product to speak of

_FAR = 1 << 24  # bytes of what is kept above which no cache would hold its beginning until the backward pass

_ABSENT = (None, 1, 0)  # a stream without a buffer: its address, period and columns

_forked = False


def _after_fork() -> None:
    global _forked
    _forked = True


os.register_at_fork(after_in_child=_after_fork)


class CompiledCell:
    """The library of one cell and one dtype.

    Attributes:
        plan: where everything lies.
        lanes: numbers in a vector: rows of streams are padded to multiples of it.
        by_rows: whether it runs by rows, for which x must be narrow; see `gatebench.backends.fused.emit.rows`.
    """

    def __init__(self, plan: MemoryLayout, dtype: torch.dtype, by_rows: bool = False) -> None:
        self.plan, self.dtype, self.by_rows = plan, dtype, by_rows
        self.library = load(source(plan, dtype, self.by_rows))
        self.lanes = ctypes.c_int64.in_dll(self.library, "lanes").value
        self.threaded = bool(ctypes.c_int64.in_dll(self.library, "threaded").value)
        pointwise = [f for step in (*plan.forward, *plan.step) for f in step.formulas.values()]
        self.pads_input = any(X in names(f) for f in pointwise)  # vectors of x are read, and not only numbers
        learnt = {outer.weight for outer in plan.derived.outers} | set(plan.derived.sums)
        self.learnt = tuple(weight in learnt for weight in plan.shapes)
        self.call = call_type(plan)
        if exported_layout(self.library) != layout_of(self.call):
            raise Refusal(
                f"fused cannot use the library {self.library._name}: its arguments have another layout in memory than "
                "those of this version of gatebench."
            )
        self.form = lru_cache(maxsize=64)(self._form)

    def _form(self, T: int, B: int, I: int, H: int) -> BufferShapes:  # noqa: E741
        return buffer_shapes(self.plan, self.lanes, T, B, I, H)

    def run(
        self,
        function: str,
        at: BufferShapes,
        streams: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
        lengths: Tensor | None,
        gradients: Sequence[Tensor | None] = (),
        options: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        """Call "forward" or "backward".

        Args:
            function: which.
            at: the sizes.
            streams: (slots, B, columns) each, contiguous.
            weights: by the table's names, contiguous.
            lengths: (B,) int64, or None.
            gradients: where each weight's gradient is wanted, in the table's order.
            options: for "backward": steps in the ring, and whether the gradients of x and of the start are wanted.
        """
        ring_steps, wants_input, wants_start = options
        error = ctypes.c_int64(0)
        call = self.call(
            T=at.T,
            B=at.B,
            I=at.I,
            H=at.H,
            threads=self._threads(at),
            ring_steps=ring_steps,
            wants_input=wants_input,
            wants_start=wants_start,
            non_temporal=_is_far(streams),
            error=ctypes.addressof(error),
            lengths=None if lengths is None else lengths.data_ptr(),
        )
        for number, name in enumerate(STREAMS):
            tensor = streams.get(name)
            call.stream[number] = _ABSENT if tensor is None else (tensor.data_ptr(), tensor.shape[0], tensor.shape[-1])
        for field, names_ in ((call.weight, self.plan.weights), (call.vector, self.plan.vectors)):
            for number, name in enumerate(names_):
                field[number] = weights[name].data_ptr()
        for number, gradient in enumerate(gradients):
            call.gradient[number] = None if gradient is None else gradient.data_ptr()
        getattr(self.library, function)(ctypes.byref(call))
        if error.value:
            raise_error(error.value)

    def _threads(self, at: BufferShapes) -> int:
        """Return torch's number of threads; 1 for little work, and in a fork, where the parent's threads are gone."""
        each = _POINTWISE if self.by_rows else 2 * (at.I + at.H) * max(1, len(self.plan.weights) // 2)
        little = at.B == 1 or at.T * at.B * at.H * each < _LITTLE
        return 1 if _forked or not self.threaded or little else torch.get_num_threads()


def raise_error(code: int) -> NoReturn:
    """Raise the exception for an error code of the compiled code; see `ERRORS`."""
    for error in ERRORS.values():
        if error.code == code:
            raise error.exception(error.sentence)
    raise RuntimeError(f"The compiled cell reports the unknown error {code}.")


def _is_far(streams: Mapping[str, Tensor]) -> bool:
    """Return whether what is kept is written past the caches, which takes whole lines of them."""
    kept = [streams[s] for s in ("saved", "shown") if s in streams]
    return sum(t.nbytes for t in kept) > _FAR and all(t.data_ptr() % LINE_BYTES == 0 for t in kept)


@lru_cache(maxsize=1024)
def compile_cell(definitions: Definitions, dtype: torch.dtype, narrow: bool = False) -> CompiledCell:
    """Return a cell's code, compiled if need be; cells with the same equations share it.

    With `narrow` it is code for x of up to `WIDEST` numbers, which only some cells have; others get the usual one.

    Raises:
        Refusal: it cannot be compiled here.
    """
    plan = memory_layout(definitions, again=narrow)
    if narrow and not by_rows(plan):
        return compile_cell(definitions, dtype)
    key = (definitions.text(), tuple(definitions.parameters.items()), definitions.memory, dtype, narrow)
    if key not in _kernels:
        _kernels[key] = CompiledCell(plan, dtype, narrow)
    return _kernels[key]


@lru_cache(maxsize=1024)
def compile_trouble(definitions: Definitions, dtype: torch.dtype, narrow: bool = False) -> str | None:
    """Return why a cell cannot be compiled and loaded here, as one sentence, or None when it can."""
    try:
        compile_cell(definitions, dtype, narrow)
    except Refusal as refusal:
        return str(refusal)
    except OSError as error:
        return f"fused cannot load what it compiles: {error}."
    return None


_kernels: dict[Hashable, CompiledCell] = {}


def source(plan: MemoryLayout, dtype: torch.dtype, rows: bool = False) -> str:
    """Return the C text of a cell."""
    header = f"#define REAL {REALS[dtype]}\n#define DOUBLE {int(dtype == torch.float64)}\n{constants_text()}"
    middle = [_part("rows"), rows_body(plan)] if rows else [body(plan), _part("drive")]
    machine, vector, tile, threads = map(_part, ("machine", "vector", "tile", "threads"))
    return "\n".join([header, machine, vector, structs_text(plan), tile, threads, *middle])


def _part(name: str) -> str:
    return (files("gatebench.backends.fused") / "c" / f"{name}.c").read_text(encoding="utf-8")
