from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.exchange import run_files
from gatebench.records.home import Home
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial


def test_the_newest_run_with_the_file_counts(tmp_path: Path) -> None:
    record = Record(Home(tmp_path), "mine")
    for when, files in ((1.0, {"gates.npz": b"old"}), (2.0, {"gates.npz": b"new", "other.txt": b"x"}), (3.0, {})):
        record.begin(trial(), when)
        record.end(trial(), replace(outcome(trial()), files=files))
    record.end(trial(seed=1), outcome(trial(seed=1)))
    record.end(trial(seed=2), replace(outcome(trial(seed=2)), files={"gates.npz": b"third"}))
    assert record.files("gates.npz") == {trial().digest: b"new", trial(seed=2).digest: b"third"}
    assert record.files("absent") == {}


def test_missing_records_have_no_files(tmp_path: Path) -> None:
    assert Record(Home(tmp_path), "mine").files("gates.npz") == {}
    record = Record(Home(tmp_path), "other")
    record.end(trial(), outcome(trial()))
    assert Record(Home(tmp_path), "mine").files("gates.npz") == {}


def test_a_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record(Home(tmp_path), "mine")
    record.end(trial(), replace(outcome(trial()), files={"gates.npz": b"12345"}))
    monkeypatch.setattr(run_files, "LARGEST_FILE", 4)
    with pytest.raises(UserError, match=r"gates\.npz in the records has 5 bytes"):
        record.files("gates.npz")
