"""Times that can be compared: taken in turns, medians over enough of them; and the machine's own limit beside them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median

import torch
from torch import Tensor

_FEWEST = 5  # times of each


def interleaved(steps: Sequence[Callable[[], object]], seconds: float) -> list[float]:
    """Return each step's median time in seconds; after one unmeasured turn, they take turns for `seconds` in all."""
    for step in steps:
        step()
    times: list[list[float]] = [[] for _ in steps]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < _FEWEST:
        for step, own in zip(steps, times, strict=True):
            start = time.perf_counter()
            step()
            own.append(time.perf_counter() - start)
    return [median(own) for own in times]


def gemm_peak(size: int = 1024, seconds: float = 0.5) -> float:
    """Return the FLOP/s of torch's float32 product of two square matrices, with torch's threads: the best of many."""
    a, b, out = torch.rand(size, size), torch.rand(size, size), torch.empty(size, size)
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        torch.mm(a, b, out=out)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def kept_bytes(forward: Callable[[], object], given: Sequence[Tensor]) -> int:
    """Return how many bytes a forward pass keeps for the backward pass, apart from the tensors that it was `given`."""
    known = {tensor.untyped_storage().data_ptr() for tensor in given}
    found: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = forward()
    del result
    return sum(found.values())
