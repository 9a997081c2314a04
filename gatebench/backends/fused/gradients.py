"""The backward pass of a layer: one call of the kernel, then its blocks of gradients dealt out to the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from gatebench.backends.fused.buffers import fresh, widened
from gatebench.backends.fused.kernel import Kernel

_RING = 1 << 18  # numbers of δ kept before their weight gradients are added up: what the caches hold
_FEWEST = 256  # rows (steps · B) of a weight gradient's product: enough for its sums to stay in registers


def gradients(
    kernel: Kernel,
    sizes: Mapping[str, int],
    streams: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    lengths: Tensor | None,
    incoming: Sequence[Tensor | None],
    wanted: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Return the gradients of x (T, B, I), of the initial state (B, H) each and of the weights, None where not wanted.

    Args:
        kernel: the cell's code.
        sizes: T, B, I, H.
        streams: the forward pass's buffers.
        weights: by the table's names, as the forward pass read them.
        lengths: (B,) or None.
        incoming: the gradients of the output (T, B, H) and of the final state (B, H) each, None for zero.
        wanted: for x, each state and each weight, whether its gradient is wanted.
    """
    plan, memory = kernel.plan, kernel.plan.derived.forward.memory
    T, B, I, H = (sizes[n] for n in "TBIH")  # noqa: E741
    like = streams["x"]
    rows = 0 if kernel.by_rows else _ring_rows(T, B, kernel.columns("ring", I, H))
    wants_start = any(wanted[1 : 1 + len(memory)])
    slots = {"ring": rows, "temporary": 1, "input": T if wanted[0] else 0, "start": int(wants_start)}
    own = {s: fresh(like, n, B, kernel.columns(s, I, H)) for s, n in slots.items() if n and kernel.columns(s, I, H)}
    own["carry"] = _carried(kernel, like, B, I, H, incoming[1:])
    own["incoming"] = (
        like.new_zeros(1, B, kernel.padded(H)) if incoming[0] is None else widened(incoming[0], kernel.padded(H))
    )
    width = {"1": 1, "I": I, "H": H}
    blocks = [like.new_zeros(width[j.width], len(j.deltas) * kernel.padded(width[j.delta_width])) for j in plan.jobs]
    call = {**sizes, "rows": rows, "wants_input": int(wanted[0]), "wants_start": int(wants_start)}
    kernel.run("backward", call, {**streams, **own}, weights, lengths, blocks)

    def plane(name: str) -> Tensor:
        where = plan.places[name]
        return kernel.plane(own[where.stream], where, I, H)

    dx = plane("d/x[t]") if wanted[0] else None
    starts = [plane(f"a/{m}[t]")[0] if wants_start else None for m in memory]
    sums = {p: plane(f"s/{p}[t]")[0].sum(0) for p in plan.derived.sums}
    dealt = _dealt(kernel, blocks, width) | sums
    return dx, *starts, *(dealt.get(w) for w in weights)


def _ring_rows(T: int, B: int, columns: int) -> int:
    """Return for how many steps δ is kept: by the shape alone, so that no sum depends on the number of threads."""
    rows = max(_RING // max(1, B * columns), -(-_FEWEST // B), 2)
    return min(rows, T)


def _carried(kernel: Kernel, like: Tensor, B: int, I: int, H: int, final: Sequence[Tensor | None]) -> Tensor:  # noqa: E741
    """Return the adjoints that the last step finds: the final state's gradients."""
    carry = like.new_zeros(1, B, kernel.columns("carry", I, H))
    for name, gradient in zip(kernel.plan.derived.forward.memory, final, strict=True):
        if gradient is not None:
            kernel.plane(carry, kernel.plan.places[f"k/{name}[t]"], I, H)[0] = gradient
    return carry


def _dealt(kernel: Kernel, blocks: Sequence[Tensor], width: Mapping[str, int]) -> dict[str, Tensor]:
    """Return the weights' gradients out of the blocks, which lie transposed and side by side in them."""
    found: dict[str, Tensor] = {}
    for weight, number, position in kernel.deals:
        block, own = blocks[number], width[kernel.plan.jobs[number].delta_width]
        first, across = position * kernel.padded(own), block.shape[1]
        if kernel.plan.jobs[number].operand == "1":
            part = block.as_strided((own,), (1,), first)
        else:
            part = block.as_strided((own, block.shape[0]), (1, across), first)
        found[weight] = found[weight] + part if weight in found else part
    return found
