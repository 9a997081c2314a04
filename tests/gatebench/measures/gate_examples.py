"""Gate traces and roles for the tests of gate statistics."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class PlainRole:
    """A role as plain data."""

    name: str
    gate: str
    complement: bool = False
    unit: bool = True
    fixed: float | None = None

    @property
    def key(self) -> str:
        return f"{self.name}/{'1-' * self.complement}{self.gate}"


LSTM_ROLES = (
    PlainRole("keep", "f"),
    PlainRole("write", "i"),
    PlainRole("expose", "o"),
    PlainRole("candidate", "g", unit=False),
)

GRU_ROLES = (PlainRole("keep", "z"), PlainRole("write", "z", complement=True), PlainRole("reset", "r"))


def unit_trace(T: int = 7, B: int = 5, H: int = 3, seed: int = 0) -> Tensor:
    """Return values in (0, 1) that reach both ends, shape (T, B, H)."""
    return torch.sigmoid(4 * torch.randn(T, B, H, generator=torch.Generator().manual_seed(seed)))


def counted(trace: Tensor, lengths: Tensor | None) -> NDArray[np.float64]:
    """Return the values that are not padding, (N, H)."""
    T, B, H = trace.shape
    ends = [T] * B if lengths is None else lengths.tolist()
    parts = [trace[:end, b].double().numpy() for b, end in enumerate(ends)]
    return np.concatenate([np.zeros((0, H)), *parts])


def changes(trace: Tensor, lengths: Tensor | None) -> NDArray[np.float64]:
    """Return |g[t] - g[t-1]| of all pairs of steps that are not padding, (pairs, H)."""
    T, B, H = trace.shape
    ends = [T] * B if lengths is None else lengths.tolist()
    parts = [np.abs(np.diff(trace[:end, b].double().numpy(), axis=0)) for b, end in enumerate(ends) if end]
    return np.concatenate([np.zeros((0, H)), *parts])
