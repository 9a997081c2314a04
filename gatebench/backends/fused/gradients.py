"""The backward pass of a layer: it allocates the buffers and calls the compiled code once.

T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from gatebench.backends.fused.buffer_shapes import BufferShapes
from gatebench.backends.fused.buffers import padded, uninitialised, uninitialised_like
from gatebench.backends.fused.compiled_cell import CompiledCell
from gatebench.derive.prefixes import DX, arriving, carried

_RING_NUMBERS = 1 << 18  # numbers of δ kept before their weight gradients are added up: what the caches hold
_LEAST_ROWS = 256  # rows (steps · B) of a weight gradient's product: enough for its sums to stay in registers


def gradients(
    compiled: CompiledCell,
    sizes: BufferShapes,
    streams: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    lengths: Tensor | None,
    incoming: Sequence[Tensor | None],
    wanted: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Return the gradients of x (T, B, I), of the initial state (B, H) each and of the weights; None if not wanted.

    Args:
        compiled: the cell's code.
        sizes: the sizes.
        streams: the forward pass's buffers, and x.
        weights: by the table's names.
        lengths: (B,) or None.
        incoming: the gradients of the output (T, B, H) and of the final state (B, H) each, None for zero.
        wanted: for x, each state and each weight, whether its gradient is wanted.
    """
    places, memory = compiled.layout.places, compiled.layout.derived.forward.memory
    like = streams["x"]
    rows = 0 if compiled.by_rows else _ring_rows(sizes.T, sizes.B, sizes.columns["ring"])
    wants_start = any(wanted[1 : 1 + len(memory)])
    slots = {"ring": rows, "temporary": 1, "input": sizes.T if wanted[0] else 0, "start": int(wants_start)}
    own = {s: uninitialised(like, n, sizes.B, sizes.columns[s]) for s, n in slots.items() if n and sizes.columns[s]}
    own["carry"] = _carried(compiled, sizes, like, incoming[1:])
    output = incoming[0]
    own["incoming"] = like.new_zeros(1, sizes.B, sizes.wide_h) if output is None else padded(output, sizes.wide_h)
    found = _blank(compiled, weights, wanted[1 + len(memory) :])
    kept = {n: w.contiguous() for n, w in weights.items()}
    options = (rows, int(wanted[0]), int(wants_start))
    compiled.run("backward", sizes, {**streams, **own}, kept, lengths, gradients=found, options=options)
    dx = sizes.plane(own["input"], places[DX], sizes.T) if wanted[0] else None
    starts = (sizes.slot(own["start"], places[arriving(m)], 0, sizes.H) if wants_start else None for m in memory)
    return dx, *starts, *found


def _ring_rows(T: int, B: int, columns: int) -> int:
    """Return the number of steps for which δ is kept.

    It depends on the shape alone, so that no sum depends on the number of threads.
    """
    rows = max(_RING_NUMBERS // max(1, B * columns), -(-_LEAST_ROWS // B), 2)
    return min(rows, T)


def _carried(compiled: CompiledCell, sizes: BufferShapes, like: Tensor, final: Sequence[Tensor | None]) -> Tensor:
    """Return the adjoints that the last step reads: the gradients of the final state."""
    carry = like.new_zeros(1, sizes.B, sizes.columns["carry"])
    for name, gradient in zip(compiled.layout.derived.forward.memory, final, strict=True):
        if gradient is not None:
            sizes.slot(carry, compiled.layout.places[carried(name)], 0, sizes.H).copy_(gradient)
    return carry


def _blank(compiled: CompiledCell, weights: Mapping[str, Tensor], wanted: Sequence[bool]) -> list[Tensor | None]:
    """Return a tensor for the gradient of each weight that is learnt and wanted."""
    asked = [w and learnt for w, learnt in zip(wanted, compiled.learnt, strict=True)]
    pairs = zip(weights.values(), asked, strict=True)
    return [uninitialised_like(weight) if asks else None for weight, asks in pairs]
