from collections import Counter

import pytest

from gatebench.backends.triton.tiles import Tile
from tests import triton_report
from tests.triton_compile import Case, Resources


def test_the_report_names_the_prediction_as_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(case: Case) -> Resources:
        return Resources(Tile(case.H < 100, 4, case.H, 16, 8), 64, 66_560, 0, Counter({"FFMA": 400, "BAR.SYNC": 3}))

    monkeypatch.setattr(triton_report, "compiled", found)
    assert triton_report.main(["lstm"]) == 0
    printed = capsys.readouterr().out
    first = printed.splitlines()[3].split()
    assert first == ["lstm", "forward", "float32", "64", "A100", "on", "chip", "64", "65", "0", "403"]
    assert "PREDICTED time of one step" in printed
    assert "Not measured." in printed
    assert "1 to 528" in printed


def test_an_unknown_cell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert triton_report.main(["lstn"]) == 2
    assert "did you mean 'lstm'" in capsys.readouterr().err
