"""One cell's compiled code, and the call that it takes. T time, B batch, I input, H hidden."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache, partial
from importlib.resources import files
from typing import NoReturn

import torch
from torch import Tensor

from gatebench.backends.fused.buffer_shapes import BufferShapes, buffer_shapes
from gatebench.backends.fused.emit.call_struct import call_type, call_values, exported_layout, layout_of, structs_text
from gatebench.backends.fused.emit.constants import ERRORS, LINE_BYTES, constants_text
from gatebench.backends.fused.emit.memory_layout import STREAMS, MemoryLayout, memory_layout
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.backends.fused.emit.rows import can_run_by_rows
from gatebench.backends.fused.emit.source import body, rows_body
from gatebench.errors import Refusal
from gatebench.machine.amx import has_tiles
from gatebench.machine.c_compiler import load
from gatebench.machine.forks import is_fork
from gatebench.machine.turns import outside
from gatebench.spec.dated import X
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import names

REALS = {torch.float32: "float", torch.float64: "double"}
"""C's name of each dtype that can be run."""

LEVEL = "-O2"
"""The level of optimisation. -O3 gives code of the same speed with the same bits, and takes a third longer."""

_SERIAL_OPERATIONS = 10_000_000  # floating-point operations that one thread does before another has woken up

_POINTWISE_OPERATIONS = 50  # of them for one unit where there is no product to speak of

_NON_TEMPORAL_BYTES = 1 << 24  # saved values of more bytes would not stay in the caches until the backward pass

_ABSENT = (0, 1, 0)  # a stream without a buffer: its address, period and columns


class CompiledCell:
    """The library of one cell, one dtype and one form of products.

    Attributes:
        layout: the place of each value in memory.
        lanes: numbers in a vector: rows of streams are padded to multiples of it.
        by_rows: whether it runs by rows, for which x must be by_rows; see `gatebench.backends.fused.emit.rows`.
        form: of its matrix products.
        single: returns the code that runs one sequence, compiled at its first use; None if this code does.
        key: a hash of its C text.
    """

    def __init__(
        self,
        layout: MemoryLayout,
        dtype: torch.dtype,
        by_rows: bool = False,
        form: ProductForm = ProductForm.PLAIN,
        single: Callable[[], CompiledCell] | None = None,
    ) -> None:
        self.layout, self.dtype, self.by_rows, self.form, self.single = layout, dtype, by_rows, form, single
        if form is ProductForm.TILES and not has_tiles():
            raise Refusal("fused has no tiles of bfloat16 on this machine: the processor or the system has no AMX.")
        text = source(layout, dtype, self.by_rows, form)
        self.key = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.library = load(text, "fused", LEVEL)
        self.lanes = ctypes.c_int64.in_dll(self.library, "lanes").value
        self.threaded = bool(ctypes.c_int64.in_dll(self.library, "threaded").value)
        pointwise = [f for step in (*layout.forward, *layout.backward) for f in step.formulas.values()]
        self.pads_input = any(X in names(f) for f in pointwise)  # vectors of x are read, and not only numbers
        learnt = {outer.weight for outer in layout.derived.outers} | set(layout.derived.sums)
        self.learnt = tuple(weight in learnt for weight in layout.shapes)
        self._no_gradients = (None,) * len(layout.shapes)
        self._no_states = (0,) * (2 * len(layout.derived.forward.memory))
        if exported_layout(self.library) != layout_of(call_type(layout)):
            raise Refusal(
                f"fused cannot use the library {self.library._name}: its arguments have another layout in memory than "
                "those of this version of gatebench."
            )
        self.sizes = lru_cache(maxsize=64)(self.shapes_of)

    def shapes_of(self, T: int, B: int, I: int, H: int) -> BufferShapes:  # noqa: E741
        """Return the sizes and the shapes of the buffers; `sizes` is the same with a cache."""
        return buffer_shapes(self.layout, self.lanes, T, B, I, H)

    def run(
        self,
        function: str,
        sizes: BufferShapes,
        streams: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
        lengths: Tensor | None,
        states: Sequence[Tensor] = (),
        gradients: Sequence[Tensor | None] = (),
        options: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        """Call "forward" or "backward".

        Args:
            function: which.
            sizes: the sizes.
            streams: (slots, B, columns) each, contiguous.
            weights: by the table's names, contiguous.
            lengths: (B,) int64, or None.
            states: for "forward": the initial states, and memory for the final ones, (B, H) each, contiguous.
            gradients: where each weight's gradient is wanted, in the table's order.
            options: for "backward": steps in the ring, and whether the gradients of x and of the start are wanted.
        """
        library = self.library if self.single is None or sizes.B > 1 else self.single().library
        error = ctypes.c_int64(0)
        call = call_values(
            (
                sizes.T,
                sizes.B,
                sizes.I,
                sizes.H,
                self._threads(sizes),
                *options,
                _is_non_temporal(streams),
                ctypes.addressof(error),
                0 if lengths is None else lengths.data_ptr(),
                0,
            ),
            [_table(streams[name]) if name in streams else _ABSENT for name in STREAMS],
            [weights[name].data_ptr() for name in self.layout.weights],
            [weights[name].data_ptr() for name in self.layout.vectors],
            [state.data_ptr() for state in states] or self._no_states,
            [0 if gradient is None else gradient.data_ptr() for gradient in gradients or self._no_gradients],
        )
        little = self._operations(sizes) < _SERIAL_OPERATIONS
        outside(getattr(library, function), ctypes.c_void_p(call.buffer_info()[0]), is_short=little)
        if error.value:
            raise_error(error.value)

    def _threads(self, sizes: BufferShapes) -> int:
        """Return torch's number of threads; 1 for little work, and in a fork, where the parent's threads are gone."""
        little = sizes.B == 1 or self._operations(sizes) < _SERIAL_OPERATIONS
        return 1 if is_fork() or not self.threaded or little else torch.get_num_threads()

    def _operations(self, sizes: BufferShapes) -> int:
        """Return about how many floating-point operations a forward pass has."""
        pairs = max(1, len(self.layout.weights) // 2)  # one weight for x, and one for the state
        each = _POINTWISE_OPERATIONS if self.by_rows else 2 * (sizes.I + sizes.H) * pairs
        return sizes.T * sizes.B * sizes.H * each


def raise_error(code: int) -> NoReturn:
    """Raise the exception for an error code of the compiled code; see `ERRORS`."""
    for error in ERRORS.values():
        if error.code == code:
            raise error.exception(error.sentence)
    raise RuntimeError(f"The compiled cell reports the unknown error {code}.")


def _table(stream: Tensor) -> tuple[int, int, int]:
    """Return the address, the period and the columns of a stream's buffer (slots, B, columns)."""
    slots, _, columns = stream.shape
    return stream.data_ptr(), slots, columns


def _is_non_temporal(streams: Mapping[str, Tensor]) -> bool:
    """Return whether what is kept is written past the caches, which takes whole lines of them."""
    kept = [streams[s] for s in ("saved", "traced") if s in streams]
    return sum(t.nbytes for t in kept) > _NON_TEMPORAL_BYTES and all(t.data_ptr() % LINE_BYTES == 0 for t in kept)


def rounded_form() -> ProductForm:
    """Return the form in which this machine computes products of factors that are rounded to bfloat16."""
    return ProductForm.TILES if has_tiles() else ProductForm.ROUNDED


@lru_cache(maxsize=1024)
def compile_cell(
    definitions: Definitions, dtype: torch.dtype, by_rows: bool = False, form: ProductForm = ProductForm.PLAIN
) -> CompiledCell:
    """Return a cell's code, compiled if need be; cells with the same equations share it.

    With `by_rows`, it is code for x of up to `WIDEST` numbers if the cell can be run by rows, else the usual code. With
    another form of products than `PLAIN`, one sequence is still computed as in `PLAIN`: its products are limited by the
    time of an addition.

    Raises:
        Refusal: it cannot be compiled here.
    """
    layout = memory_layout(definitions, recompute=by_rows)
    if by_rows and not can_run_by_rows(layout):
        return compile_cell(definitions, dtype, form=form)
    key = (definitions.text(), tuple(definitions.parameters.items()), definitions.memory, dtype, by_rows, form)
    if key not in _compiled_cells:
        single = None if form is ProductForm.PLAIN else partial(compile_cell, definitions, dtype, by_rows)
        _compiled_cells[key] = CompiledCell(layout, dtype, by_rows, form, single)
    return _compiled_cells[key]


@lru_cache(maxsize=1024)
def compile_trouble(
    definitions: Definitions, dtype: torch.dtype, by_rows: bool = False, form: ProductForm = ProductForm.PLAIN
) -> str | None:
    """Return why a cell cannot be compiled and loaded here, as one sentence, or None when it can."""
    try:
        compile_cell(definitions, dtype, by_rows, form)
    except Refusal as refusal:
        return str(refusal)
    except OSError as error:
        return f"fused cannot load what it compiles: {error}."
    return None


_compiled_cells: dict[Hashable, CompiledCell] = {}


def source(layout: MemoryLayout, dtype: torch.dtype, rows: bool = False, form: ProductForm = ProductForm.PLAIN) -> str:
    """Return the C text of a cell."""
    header = f"#define REAL {REALS[dtype]}\n#define DOUBLE {int(dtype == torch.float64)}\n{constants_text()}"
    if rows:
        middle = [_part("rows"), rows_body(layout)]
    elif form is ProductForm.PLAIN:
        middle = [body(layout), _part("drive")]
    else:
        middle = [_part("rounding"), _part(form.value), body(layout, form), _part("rounded_drive")]
    machine, vector, tile, threads = map(_part, ("machine", "vector", "tile", "threads"))
    return "\n".join([header, machine, vector, structs_text(layout), tile, threads, *middle])


def _part(name: str) -> str:
    return (files("gatebench.backends.fused") / "c" / f"{name}.c").read_text(encoding="utf-8")
