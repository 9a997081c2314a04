"""The rows of a speed run as text for people and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from gatebench.speed.contest import Row

HEAD = ("cell", "T,B,I,H", "threads", "backend", "ms", "×", "of peak", "kept MB")


def cells_of(row: Row) -> tuple[str, ...]:
    """Return a row of the printed table; a sentence stands where there is no time."""
    start = (row.cell, str(row.shape), str(row.threads), row.backend)
    if row.seconds is None:
        return (*start, "—", "", "", row.sentence)
    ratio, share, kept = row.ratio or 0.0, row.share or 0.0, row.kept or 0
    return (*start, f"{row.seconds * 1e3:.2f}", f"{ratio:.2f}", f"{share:.0%}", f"{kept / 1e6:.1f}")


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def to_json(rows: Sequence[Row], peaks: dict[int, float], allocator: str) -> str:
    """Return all that was measured; `peaks`: FLOP/s by number of threads, `allocator`: how memory was handed out."""
    facts = {"machine": machine(), "gemm_peak": peaks, "allocator": allocator}
    return json.dumps(facts | {"rows": [row.to_dict() for row in rows]}, indent=1)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
