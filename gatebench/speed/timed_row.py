"""The result of one candidate of a benchmark: one row of the table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from gatebench.speed.shape import Shape
from gatebench.speed.timing import Timing

Status = Literal["timed", "refused", "differs", "failed"]


@dataclass(frozen=True)
class Ratio:
    """A candidate compared with one of its baselines.

    Attributes:
        against: the name of the baseline.
        speed: how many times as fast as the baseline the candidate is.
        memory: its peak memory as a fraction of the baseline's; None (default) if it was not measured.
    """

    against: str
    speed: float
    memory: float | None = None


@dataclass(frozen=True)
class TimedRow:
    """The result of one candidate of a benchmark. A value that was not measured is None.

    Attributes:
        cell: the name of the benchmark's cell.
        shape: the sizes, with I = H where the cell needs it.
        threads: torch's number of threads.
        candidate: the name of the candidate.
        trace: whether the gates were recorded.
        status: "timed"; "refused": the candidate cannot run this; "differs": its results differ from the reference;
            "failed": it raised an error.
        message: why there is no time, or which other measurement failed; "" if all is well.
        timing: seconds of one training step.
        ratios: the candidate compared with each of its baselines.
        recording: its time as a fraction of the time of the same candidate without recording.
        share: FLOP/s of its matrix products as a fraction of the GEMM peak.
        kept: bytes that torch's autograd keeps between forward and backward.
        compile_seconds: seconds that it took to compile the step for this shape; they are not part of the timing.
        peak: bytes by which a training step raises the peak of the resident set.
        other_cores: the average number of cores that other processes used during the benchmark; None also where the
            system does not report it.
    """

    cell: str
    shape: Shape
    threads: int
    candidate: str
    trace: bool = False
    status: Status = "timed"
    message: str = ""
    timing: Timing | None = None
    ratios: tuple[Ratio, ...] = ()
    recording: float | None = None
    share: float | None = None
    kept: int | None = None
    compile_seconds: float | None = None
    peak: int | None = None
    other_cores: float | None = None

    @property
    def label(self) -> str:
        """The name of the candidate, with ", recording" behind it if the gates were recorded."""
        return f"{self.candidate}, recording" if self.trace else self.candidate

    @property
    def wrong(self) -> bool:
        """Whether the candidate differs from the reference, or something failed. A refusal is not wrong."""
        return bool(self.message) and self.status != "refused"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return asdict(self)
