from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.records.home import Home
from gatebench.report.figures.kinds import KINDS
from gatebench.study import Study
from launch.drawn_tasks import drawn_tasks, joined_label
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial


def test_the_data_are_those_that_the_kinds_need(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    record, one = Record(Home(home), "mine"), trial("lstm")
    record.end(one, replace(outcome(one), files={"gates.npz": b"damaged"}))
    outcomes = record.outcomes()
    study = Study("mine", order=("other", "lstm"), cell_digests={"other": outcomes[0].cell_digest})
    (drawn,) = drawn_tasks(study, outcomes, record, [KINDS["scores"]], outcomes)
    assert (drawn.cells, drawn.curves) == (["other = lstm"], {})
    assert capsys.readouterr().err == ""
    (drawn,) = drawn_tasks(study, outcomes, record, [KINDS["gradient"], KINDS["curves"]], outcomes)
    assert list(drawn.curves) == ["val/accuracy"]
    assert capsys.readouterr().err.startswith(f"The gates of trial {one.digest} are left out: ")
    assert drawn_tasks(study, [], record, [], outcomes) == []


def test_a_cell_has_all_of_its_labels() -> None:
    study = Study("mine", cell_digests={"lstm": "1", "lstm_np": "1", "gru": "2"})
    assert joined_label(study, "lstm_np", "1") == "lstm = lstm_np"
    assert joined_label(study, "mgu", "3") == "mgu"


def test_named_arms_are_drawn_by_their_names(home: Path) -> None:
    home.mkdir()
    record, one = Record(Home(home), "mine"), trial("lstm")
    record.end(one, outcome(one))
    outcomes = record.outcomes()
    settings = {"cell": outcomes[0].cell_digest}
    study = Study("mine", order=("Second", "First"), arms={"First": settings, "Second": settings})
    (drawn,) = drawn_tasks(study, outcomes, record, [KINDS["scores"]], outcomes)
    assert drawn.cells == ["Second", "First"]
    assert len({drawn.colours[cell] for cell in drawn.cells}) == 2
