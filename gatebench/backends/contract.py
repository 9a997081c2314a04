"""The interface of a backend: a module with `NAME`, `DESCRIPTION`, `refuses_cell`, `refuses` and `run`.

A backend refuses a workload that it cannot run, and gives the reason in one sentence. It never runs another backend in
its place. A backend that refuses to return gates runs only cells whose gates follow from x and h; see
`gatebench.nn.gates_of_outputs`. T time, B batch, I input, H hidden.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from gatebench.spec.cell import Cell


@dataclass(frozen=True)
class Workload:
    """The sizes, the number type and the device of one layer in one direction.

    Attributes:
        T: number of time steps.
        B: number of sequences in the batch.
        I: number of inputs.
        H: number of hidden units.
        dtype: the name of the torch dtype of x, without "torch.".
        device: the type of the torch device of x, e.g. "cpu" or "cuda".
        trace: whether the values of the gates are to be returned.
        shortest: the smallest of the lengths, from 0 to T; None if all sequences have T steps.
        products: the name of the dtype that autocast asks for in matrix products; "" without autocast. A backend that
            has no such products with states in float32 runs in `dtype`; see `gatebench.nn.low_precision`.
    """

    T: int
    B: int
    I: int  # noqa: E741
    H: int
    dtype: str = "float32"
    device: str = "cpu"
    trace: bool = False
    shortest: int | None = None
    products: str = ""

    @classmethod
    def of(cls, x: Tensor, H: int, trace: bool = False, shortest: int | None = None) -> "Workload":
        """Return the workload of a layer with H hidden units that reads x (T, B, I)."""
        T, B, I = x.shape  # noqa: E741
        return cls(T, B, I, H, str(x.dtype).removeprefix("torch."), x.device.type, trace, shortest)


@dataclass(frozen=True)
class LayerResult:
    """The results of one layer in one direction.

    Attributes:
        output: (T, B, H); 0 at the steps after the end of a sequence.
        state: the memory after the last step of each sequence, (B, H) each, in the order of `cell.memory`.
        gates: the values of each gate by its name, (T, B, H), or (T, B, I) for a gate of the width of the input. Empty
            without a trace. The values after the end of a sequence have no meaning.
    """

    output: Tensor
    state: tuple[Tensor, ...]
    gates: dict[str, Tensor] = field(default_factory=dict)


class Backend(Protocol):
    """The interface of a backend.

    Attributes:
        NAME: the name in configs, records and messages.
        DESCRIPTION: how it is implemented, in a few words; `gatebench speed` prints it below its table.
    """

    NAME: str
    DESCRIPTION: str

    def refuses_cell(self, cell: Cell) -> str | None:
        """Return why the backend cannot run the cell on any workload, as one sentence; None if it can on some.

        It depends on the equations alone, not on the machine, and compiles nothing.
        """

    def refuses(self, cell: Cell, work: Workload) -> str | None:
        """Return why the backend cannot run the cell on this workload, as one sentence; None if it can."""

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
            state: the memory before the first step, (B, H) each, in the order of `cell.memory`.
            lengths: (B,) whole numbers from 0 to T. The steps after the end of a sequence do not change its state. If
                None, all sequences have T steps.
            trace: whether to return the values of the gates.

        The results are differentiable in `weights`, `x` and `state`.
        """
