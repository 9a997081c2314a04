"""What was found for one contestant."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from gatebench.speed.measure import Timing
from gatebench.speed.shape import Shape

Verdict = Literal["timed", "refused", "differs", "failed"]


@dataclass(frozen=True)
class Ratio:
    """Beside another contestant. speed: how many times as fast. memory: its peak as a part of the other's."""

    against: str
    speed: float
    memory: float | None = None


@dataclass(frozen=True)
class TimedRow:
    """One contestant of a contest.

    cell: the contest's. shape: the sizes, with I = H where the cell needs it. trace: whether gates were recorded.
    verdict: whether there is a time to tell. sentence: why not, or what else went wrong.
    timing: seconds of one forward and backward pass. ratios: beside those that it is compared with.
    recording: its time as a part of the same contestant's that does not record. share: of the machine's GEMM peak.
    kept: bytes kept for the backward pass. peak: bytes by which a step raises the peak of the resident set.
    others: how many cores other processes took meanwhile; None where the system does not tell.
    """

    cell: str
    shape: Shape
    threads: int
    contestant: str
    trace: bool = False
    verdict: Verdict = "timed"
    sentence: str = ""
    timing: Timing | None = None
    ratios: tuple[Ratio, ...] = ()
    recording: float | None = None
    share: float | None = None
    kept: int | None = None
    peak: int | None = None
    others: float | None = None

    @property
    def label(self) -> str:
        """The contestant's name, with a word where gates were recorded."""
        return f"{self.contestant}, recording" if self.trace else self.contestant

    @property
    def wrong(self) -> bool:
        """Whether something is not as it should be. A refusal is an answer."""
        return bool(self.sentence) and self.verdict != "refused"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return asdict(self)
