"""What a backend is: one file with a `NAME`, a `DESCRIPTION`, `refuses` and `run`.

It refuses with a sentence and never substitutes. `gatebench speed` prints the description below its table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from gatebench.spec.cell import Cell


@dataclass(frozen=True)
class Workload:
    """What a backend is asked to run. T time, B batch, I input, H hidden.

    shortest: the smallest of the given lengths, None when all sequences are T long. trace: whether gates are wanted.
    """

    T: int
    B: int
    I: int  # noqa: E741
    H: int
    dtype: str = "float32"
    device: str = "cpu"
    trace: bool = False
    shortest: int | None = None

    @classmethod
    def of(cls, x: Tensor, H: int, trace: bool = False, shortest: int | None = None) -> "Workload":
        """Return what it is to run x (T, B, I) through H hidden units."""
        T, B, I = x.shape  # noqa: E741
        return cls(T, B, I, H, str(x.dtype).removeprefix("torch."), x.device.type, trace, shortest)


@dataclass(frozen=True)
class LayerResult:
    """output: (T, B, H), zero behind a sequence's end. state: the cell's memory at the end, (B, H) each, in its order.

    gates: {gate: (T, B, H)} where a trace was asked for; steps behind a sequence's end hold no meaning.
    """

    output: Tensor
    state: tuple[Tensor, ...]
    gates: dict[str, Tensor] = field(default_factory=dict)


class Backend(Protocol):
    """A module of this form is a backend."""

    NAME: str
    DESCRIPTION: str

    def refuses(self, cell: Cell, work: Workload) -> str | None:
        """Return why the backend cannot run this, as one sentence, or None when it can."""

    def run(
        self,
        cell: Cell,
        weights: Mapping[str, Tensor],
        x: Tensor,
        state: tuple[Tensor, ...],
        lengths: Tensor | None,
        trace: bool,
    ) -> LayerResult:
        """Run one layer in one direction.

        Args:
            cell: the table.
            weights: by the table's names, e.g. "W.i": (H, I).
            x: (T, B, I).
            state: the memory before the first step, (B, H) each.
            lengths: (B,) whole numbers of at most T; steps behind them leave the state alone. None: all are T.
            trace: whether to return the gates.
        """
