"""The results of a speed run, as JSON."""

import json
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.speed.shape import Shape
from gatebench.speed.speed_results import SpeedResults
from gatebench.speed.timed_row import Ratio, TimedRow
from gatebench.speed.timing import Timing

ROW = TimedRow("lstm", Shape(4, 3, 2, 5), 2, "fused", timing=Timing(0.1, 0.1, 0.2, 7), ratios=(Ratio("torch", 2.0),))
RESULTS = SpeedResults({"seconds": 2.0}, "As it is.", 4, 1, {2: 1e11}, [ROW])


def test_the_file_has_all_results(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    path.write_text("old")
    RESULTS.write(path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["machine"]["version/torch"]
    assert found["machine"]["cores"]
    assert (found["settings"], found["allocator"]) == ({"seconds": 2.0}, "As it is.")
    assert (found["benchmarks"], found["done"], found["gemm_peak"]) == (4, 1, {"2": 1e11})
    assert [row["timing"]["third_quartile"] for row in found["rows"]] == [0.2]
    assert [one["mean"] for one in found["speeds"]] == [2.0]
    assert found["recordings"] == []
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "speed.json"
    path.write_text("old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        RESULTS.write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
