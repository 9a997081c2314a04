"""A speed run as JSON: the machine, what holds for all, every row and the summary. Written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatebench.errors import UserError
from gatebench.machine.facts import facts
from gatebench.speed.summary import recordings, speeds
from gatebench.speed.timed_row import TimedRow


@dataclass
class Document:
    """What a run has found so far.

    settings: what was asked for. allocator: how memory was handed out. contests: how many there are in all, and `done`
    of them. gemm_peak: FLOP/s by number of threads.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    allocator: str = ""
    contests: int = 0
    done: int = 0
    gemm_peak: dict[int, float] = field(default_factory=dict)
    rows: list[TimedRow] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": facts(),
            "settings": self.settings,
            "allocator": self.allocator,
            "gemm_peak": self.gemm_peak,
            "contests": self.contests,
            "done": self.done,
            "rows": [row.to_dict() for row in self.rows],
            "speeds": [one.to_dict() for one in speeds(self.rows)],
            "recordings": [one.to_dict() for one in recordings(self.rows)],
        }

    def write(self, path: Path) -> None:
        """Write it as JSON in place of what is there, which no reader sees half done.

        Raises:
            UserError: the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        whole = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            whole.write_text(text, encoding="utf-8")
            whole.replace(path)
        except OSError as error:
            whole.unlink(missing_ok=True)
            raise UserError(f"{str(path)!r} cannot be written: {error.strerror or error}.") from None
