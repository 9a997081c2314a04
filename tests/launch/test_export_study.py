import zipfile
from pathlib import Path

import pytest

from gatebench.records.home import Home
from launch.main import main
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial


def test_a_study_becomes_one_file(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    record = Record(Home(home), "mine")
    for seed in (0, 1):
        record.end(trial(seed=seed), outcome(trial(seed=seed)))
    file = tmp_path / "mine.zip"
    assert main(["export-study", "study=mine", f"file={file}"]) == 0
    assert f"Study 'mine': 2 trials in {file}" in capsys.readouterr().out
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    assert f"trials/{trial().digest}/trial.json" in names
    assert main(["export-study", "study=mine", f"file={file}"]) == 2
    assert "exists; choose another file=…" in capsys.readouterr().err
    assert main(["export-study", "study=min", f"file={tmp_path}/x.zip"]) == 2
    assert "There is no study 'min' in these records; did you mean 'mine'?" in capsys.readouterr().err
    assert not (tmp_path / "x.zip").exists()


def test_a_file_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    for empty in ([], ["file="]):
        assert main(["export-study", "study=mine", *empty]) == 2
        assert "file=NAME.zip" in capsys.readouterr().err
