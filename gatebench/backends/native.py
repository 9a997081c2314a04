"""torch's own kernels (oneDNN, cuDNN), where the table is exactly `torch.nn.LSTM`, `GRU` or `RNN`.

The order in which torch stacks gates, and its second bias, live here only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gatebench.backends.contract import LayerResult, Workload
from gatebench.cells import BASES
from gatebench.spec.cell import Cell
from gatebench.spec.definitions import Definitions

NAME = "native"
DESCRIPTION = "torch's kernels, with the weights of the cell's table"


@dataclass(frozen=True)
class TorchKernel:
    """One of torch's recurrent functions: the order of its gates, and which gate's second bias is inside a product."""

    function: Callable[..., Any]
    order: str
    inner: str = ""


KERNELS: dict[str, TorchKernel] = {
    "lstm": TorchKernel(torch.lstm, "ifgo"),
    "gru": TorchKernel(torch.gru, "rzn", inner="n"),
    "rnn_tanh": TorchKernel(torch.rnn_tanh, "n"),
    "rnn_relu": TorchKernel(torch.rnn_relu, "n"),
}


def kernel(cell: Cell) -> TorchKernel | None:
    """Return the kernel that computes exactly this cell's equations, whatever it is called; None if there is none."""
    name = kernel_name(cell.definitions)
    return KERNELS[name] if name else None


@lru_cache(maxsize=256)
def kernel_name(definitions: Definitions) -> str | None:
    """Return the key in `KERNELS` of the kernel with exactly these equations and states, or None."""
    wanted = (definitions.formulas, definitions.states)
    known = {name: BASES[name].definitions for name in KERNELS}
    return next((name for name, base in known.items() if (base.formulas, base.states) == wanted), None)


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why torch's kernels cannot run this, or None."""
    if kernel(cell) is None:
        return f"native runs exactly {', '.join(KERNELS)}; {cell.name} has other equations."
    if work.trace:
        return "native keeps its gates to itself, so it cannot trace them."
    if work.dtype not in ("float32", "float64"):
        return f"native runs float32 and float64 here, not {work.dtype}."
    if 0 in (work.T, work.B):
        return "native needs at least one step and one sequence."
    if work.shortest == 0:
        return "native cannot run a sequence of length 0."
    return None


def run(
    cell: Cell,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
) -> LayerResult:
    """Run one layer in one direction; see `contract.Backend.run`."""
    del trace
    found = kernel(cell)
    assert found is not None
    flat = stacked(found, weights)
    start = tuple(s[None] for s in state)
    hidden = start if len(start) > 1 else start[0]
    settings = (True, 1, 0.0, True, False)  # biases, layers, dropout, training, bidirectional
    if lengths is None:
        output, *final = found.function(x, hidden, flat, *settings, False)
        return LayerResult(output, tuple(s[0] for s in final))
    packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
    order, back = packed.sorted_indices, packed.unsorted_indices
    hidden = tuple(s[:, order] for s in start) if len(start) > 1 else start[0][:, order]
    data, *final = found.function(packed.data, packed.batch_sizes, hidden, flat, *settings)
    padded, _ = pad_packed_sequence(packed._replace(data=data), total_length=len(x))
    return LayerResult(padded, tuple(s[0][back] for s in final))


def stacked(found: TorchKernel, weights: Mapping[str, Tensor]) -> list[Tensor]:
    """Return torch's weight_ih (G·H, I), weight_hh (G·H, H), bias_ih (G·H,), bias_hh (G·H,) from the table's."""
    outer = [weights[f"b.{g}"] for g in found.order]
    inner = [
        weights[f"d.{g}"] if g == found.inner else torch.zeros_like(b) for g, b in zip(found.order, outer, strict=True)
    ]
    stacks = ([weights[f"W.{g}"] for g in found.order], [weights[f"R.{g}"] for g in found.order], outer, inner)
    return [torch.cat(stack) for stack in stacks]


def unstacked(found: TorchKernel, flat: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return the table's weights from torch's four; torch's two biases become one where the equations have one."""
    parts = [dict(zip(found.order, tensor.chunk(len(found.order)), strict=True)) for tensor in flat]
    W, R, outer, inner = parts
    weights: dict[str, Tensor] = {}
    for g in found.order:
        weights |= {f"W.{g}": W[g], f"R.{g}": R[g]}
        weights |= {f"b.{g}": outer[g], f"d.{g}": inner[g]} if g == found.inner else {f"b.{g}": outer[g] + inner[g]}
    return weights
