"""One layer in one direction, by the compiled code: run at once, or as an operator in a program that torch traces.

T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult
from gatebench.backends.fused.compiled_cell import CompiledCell
from gatebench.backends.fused.function import run_layer
from gatebench.backends.tracing import is_traced
from gatebench.errors import Refusal


def run_cell(
    name: str,
    compiled: CompiledCell,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
) -> LayerResult:
    """Run one layer in one direction for the backend called `name`; see `contract.Backend.run`."""
    if is_traced():
        from gatebench.backends.fused.operators import Operators  # it takes 60 ms, and few programs need it

        return Operators.of(name, compiled).run(None, weights, x, state, lengths, trace)
    labels = tuple(compiled.layout.shapes)
    inputs = (x, *state, *(weights[label] for label in labels))
    dtype, device = x.dtype, x.device
    for tensor in inputs:
        if tensor.dtype != dtype or tensor.device != device:
            raise Refusal(
                f"{name} needs one dtype: x is {x.dtype}, a weight or the state {tensor.dtype} on {tensor.device}."
            )
    if lengths is not None:
        lengths = lengths.to("cpu", torch.int64, copy=True).contiguous()  # the caller may change it
    values = run_layer(name, compiled, labels, lengths, trace, *inputs)
    gates = compiled.layout.gates if trace else ()
    memory = 1 + len(state)
    return LayerResult(values[0], values[1:memory], dict(zip(gates, values[memory:], strict=True)))
