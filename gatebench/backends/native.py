"""The recurrent functions of torch (oneDNN, cuDNN), for cells with exactly the equations of torch's LSTM, GRU or RNN.

Only this module knows the order in which torch stacks the gates, and torch's second bias. Both are documented at
torch.nn.LSTM and torch.nn.GRU, section "Variables". T time, B batch, I input, H hidden, G gates.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.selective import native_refusal as refuses_cell
from gatebench.backends.selective import torch_cell
from gatebench.device_copies import sent
from gatebench.spec.cell import Cell

NAME = "native"
DESCRIPTION = "torch's kernels, with the weights of the cell's table"


@dataclass(frozen=True)
class TorchKernel:
    """One of torch's recurrent functions.

    Attributes:
        function: e.g. `torch.lstm`.
        order: the gates in the order in which torch stacks their weights, a letter each.
        inner: the gate in which a factor multiplies the recurrent product and the second bias, d in the cell's table:
            n of the GRU, tanh(W x + b + r ⊙ (R h + d)). Empty if there is none. In all other gates torch only adds the
            two biases.
    """

    function: Callable[..., Any]
    order: str
    inner: str = ""


KERNELS: dict[str, TorchKernel] = {
    "lstm": TorchKernel(torch.lstm, "ifgo"),
    "gru": TorchKernel(torch.gru, "rzn", inner="n"),
    "rnn_tanh": TorchKernel(torch.rnn_tanh, "n"),
    "rnn_relu": TorchKernel(torch.rnn_relu, "n"),
}
"""By the name of the base cell with the same equations."""


def kernel(cell: Cell) -> TorchKernel | None:
    """Return the kernel that computes exactly this cell's equations, or None. The name of the cell does not matter."""
    name = torch_cell(cell.definitions)
    return KERNELS[name] if name else None


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why torch's kernels cannot run this, or None."""
    if reason := refuses_cell(cell):
        return reason
    if work.trace:
        return "native does not return gates, so it cannot trace them."
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
    torch_kernel = kernel(cell)
    assert torch_kernel is not None
    torch_weights = stacked(torch_kernel, weights)
    initial = tuple(part[None] for part in state)  # (1, B, H) each: torch wants an axis for layers and directions
    settings = (True, 1, 0.0, True, False)  # biases, layers, dropout, training, bidirectional
    if lengths is None:
        batch_first = False
        hidden = initial if len(initial) > 1 else initial[0]
        output, *final = torch_kernel.function(x, hidden, torch_weights, *settings, batch_first)
        return LayerResult(output, tuple(part[0] for part in final))

    # A packed sequence has the sequences sorted by length. The state is sorted in the same way, and back at the end.
    steps = packed_steps(lengths, x.device)
    initial = tuple(part.index_select(1, steps.order) for part in initial)
    hidden = initial if len(initial) > 1 else initial[0]
    data = x.flatten(0, 1).index_select(0, steps.places)
    data, *final = torch_kernel.function(data, steps.batch_sizes, hidden, torch_weights, *settings)
    output = data.new_zeros(x.shape[0] * x.shape[1], data.shape[-1]).index_copy(0, steps.places, data)
    return LayerResult(output.reshape(*x.shape[:2], -1), tuple(part[0].index_select(0, steps.back) for part in final))


class PackedSteps(NamedTuple):
    """The steps of a packed sequence, in which those of all sequences at one time follow one another.

    Attributes:
        places: (n,) the number of each packed step among all T · B, on the device of the layer.
        batch_sizes: (T,) the number of sequences at each time, on the CPU, where torch's kernels read it.
        order: (B,) the sequences, the longest one first, on the device of the layer.
        back: (B,) the place of each sequence in this order, likewise.
    """

    places: Tensor
    batch_sizes: Tensor
    order: Tensor
    back: Tensor


def packed_steps(lengths: Tensor, device: torch.device) -> PackedSteps:
    """Return the packed steps of sequences.

    This is written by hand because `torch.nn.utils.rnn.pack_padded_sequence` and its inverse wait for a GPU.

    Args:
        lengths: (B,) from 1 to T.
        device: the device of the layer.
    """
    ordered, order = torch.sort(lengths.cpu(), descending=True)
    inside = torch.arange(int(ordered[0]))[:, None] < ordered
    numbers = torch.arange(len(inside))[:, None] * len(lengths) + order
    both = sent(torch.stack([order, order.argsort()]), device)
    return PackedSteps(sent(numbers[inside], device), inside.sum(1), both[0], both[1])


def stacked(torch_kernel: TorchKernel, weights: Mapping[str, Tensor]) -> list[Tensor]:
    """Return torch's four weights of a layer from those of the cell's table.

    Args:
        torch_kernel: one of `KERNELS`.
        weights: by the table's names: "W.g" (H, I), "R.g" (H, H), "b.g" (H,) for each gate g, and "d.g" (H,) for the
            gate `torch_kernel.inner`.

    Returns:
        weight_ih (G · H, I), weight_hh (G · H, H), bias_ih (G · H,) and bias_hh (G · H,). bias_hh is 0 except in the
        gate `torch_kernel.inner`.
    """
    input_matrices = [weights[f"W.{g}"] for g in torch_kernel.order]
    recurrent_matrices = [weights[f"R.{g}"] for g in torch_kernel.order]
    biases = [weights[f"b.{g}"] for g in torch_kernel.order]
    second_biases = [
        weights[f"d.{g}"] if g == torch_kernel.inner else torch.zeros_like(b)
        for g, b in zip(torch_kernel.order, biases, strict=True)
    ]
    return [torch.cat(stack) for stack in (input_matrices, recurrent_matrices, biases, second_biases)]


def unstacked(torch_kernel: TorchKernel, torch_weights: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return the weights of the cell's table from torch's four; the inverse of `stacked`.

    Torch's two biases are added, except in the gate `torch_kernel.inner`, which keeps both as b and d.

    Args:
        torch_kernel: one of `KERNELS`.
        torch_weights: weight_ih (G · H, I), weight_hh (G · H, H), bias_ih (G · H,) and bias_hh (G · H,).
    """
    W, R, b, d = (
        dict(zip(torch_kernel.order, tensor.chunk(len(torch_kernel.order)), strict=True)) for tensor in torch_weights
    )
    weights: dict[str, Tensor] = {}
    for g in torch_kernel.order:
        weights[f"W.{g}"] = W[g]
        weights[f"R.{g}"] = R[g]
        if g == torch_kernel.inner:
            weights[f"b.{g}"] = b[g]
            weights[f"d.{g}"] = d[g]
        else:
            weights[f"b.{g}"] = b[g] + d[g]
    return weights
