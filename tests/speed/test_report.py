"""Rows as text and as JSON."""

import json

from gatebench.speed.contest import Row
from gatebench.speed.problem import Shape
from gatebench.speed.report import HEAD, cells_of, machine, to_json

TIMED = Row("lstm", Shape(4, 3, 2, 5), "fused", 2, 0.0015, 1.25, 0.5, 3_000_000)
SILENT = Row("lstm", Shape(4, 3, 2, 5), "scan", 2, sentence="scan differs from the reference.")


def test_a_row_has_its_figures_or_its_sentence() -> None:
    assert cells_of(TIMED) == ("lstm", "4,3,2,5", "2", "fused", "1.50", "1.25", "50%", "3.0")
    assert len(cells_of(TIMED)) == len(cells_of(SILENT)) == len(HEAD)
    assert cells_of(SILENT)[-1] == "scan differs from the reference."


def test_json_holds_the_machine_and_every_row() -> None:
    written = json.loads(to_json([TIMED, SILENT], {2: 1e11}, "kept"))
    assert written["machine"] == machine()
    assert [row["seconds"] for row in written["rows"]] == [0.0015, None]
    assert written["rows"][0]["shape"] == {"T": 4, "B": 3, "I": 2, "H": 5}
