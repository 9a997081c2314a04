"""Truncated back-propagation through time: gradients end at the borders of chunks of steps.

T time, B batch, K steps of a chunk.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from gatebench.backends.contract import Backend, LayerResult, Workload
from gatebench.spec.cell import Cell


def chunk_workload(work: Workload, steps: int) -> Workload:
    """Return the workload that a backend must be able to run for all chunks of a layer.

    Args:
        work: the workload of the layer.
        steps: K.
    """
    # A sequence that has ended has no step in the chunks after its end.
    return replace(work, T=steps, shortest=None if work.shortest is None else 0)


def run_in_chunks(
    backend: Backend,
    cell: Cell,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
    steps: int,
) -> LayerResult:
    """Run a layer in chunks. The state passes from one chunk to the next, and its gradient does not.

    Args:
        backend: the backend of each chunk.
        cell: as in `Backend.run`.
        weights: as in `Backend.run`.
        x: as in `Backend.run`.
        state: as in `Backend.run`.
        lengths: as in `Backend.run`.
        trace: as in `Backend.run`.
        steps: K. The last chunk may have fewer steps.

    Returns:
        The results of all steps. The values are those of `Backend.run` up to rounding; the gradients are truncated.
    """
    results: list[LayerResult] = []
    for part, part_lengths in _chunks(x, lengths, steps):
        result = backend.run(cell, weights, part, state, part_lengths, trace)
        results.append(result)
        state = tuple(value.detach() for value in result.state)
    output = torch.cat([result.output for result in results])
    gates = {gate: torch.cat([result.gates[gate] for result in results]) for gate in results[0].gates}
    return LayerResult(output, results[-1].state, gates)


def _chunks(x: Tensor, lengths: Tensor | None, steps: int) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Yield the input of each chunk, and the number of its valid steps."""
    for start in range(0, len(x), steps):
        part = x[start : start + steps]
        yield part, None if lengths is None else (lengths - start).clamp(0, len(part))
