"""All results of a speed run, and the JSON file that holds them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatebench.errors import UserError
from gatebench.machine.facts import machine_facts
from gatebench.speed.summary import recordings, speeds
from gatebench.speed.timed_row import TimedRow


@dataclass
class SpeedResults:
    """The results of a speed run so far.

    Attributes:
        settings: the settings of the run.
        allocator: a sentence about how the allocator was set.
        benchmarks: the number of benchmarks; each cell, shape and number of threads is one.
        done: how many of them have ended.
        gemm_peak: the GEMM peak in FLOP/s, by number of threads.
        rows: the rows of the benchmarks that have ended.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    allocator: str = ""
    benchmarks: int = 0
    done: int = 0
    gemm_peak: dict[int, float] = field(default_factory=dict)
    rows: list[TimedRow] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON: the results, the date, facts about the machine, and the summaries."""
        return {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine_facts(),
            "settings": self.settings,
            "allocator": self.allocator,
            "gemm_peak": self.gemm_peak,
            "benchmarks": self.benchmarks,
            "done": self.done,
            "rows": [row.to_dict() for row in self.rows],
            "speeds": [summary.to_dict() for summary in speeds(self.rows)],
            "recordings": [summary.to_dict() for summary in recordings(self.rows)],
        }

    def write(self, path: Path) -> None:
        """Write the results as JSON. An existing file is replaced at once, so it is never incomplete.

        Raises:
            UserError: the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise UserError(f"{str(path)!r} cannot be written: {error.strerror or error}.") from None
