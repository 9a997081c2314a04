"""A run as JSON, written whole or not at all."""

import json
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.speed.document import Document
from gatebench.speed.measure import Timing
from gatebench.speed.shape import Shape
from gatebench.speed.timed_row import Ratio, TimedRow

ROW = TimedRow("lstm", Shape(4, 3, 2, 5), 2, "fused", timing=Timing(0.1, 0.1, 0.2, 7), ratios=(Ratio("torch", 2.0),))
DOCUMENT = Document({"seconds": 2.0}, "As it is.", 4, 1, {2: 1e11}, [ROW])


def test_all_that_was_found_is_there(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    path.write_text("old")
    DOCUMENT.write(path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["machine"]["version/torch"]
    assert found["machine"]["cores"]
    assert (found["settings"], found["allocator"]) == ({"seconds": 2.0}, "As it is.")
    assert (found["contests"], found["done"], found["gemm_peak"]) == (4, 1, {"2": 1e11})
    assert [row["timing"]["third_quartile"] for row in found["rows"]] == [0.2]
    assert [one["mean"] for one in found["speeds"]] == [2.0]
    assert found["recordings"] == []
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "speed.json"
    path.write_text("old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        DOCUMENT.write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
