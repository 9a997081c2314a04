from pathlib import Path

import pytest

from gatebench.outcome import Epoch
from gatebench.records.exchange.archive import new_archive, open_archive
from gatebench.records.home import Home
from gatebench.study import Study
from launch.main import main
from tests.gatebench.records.exchange.weights import small_weights
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

CELLS = ("lstm", "gru")


def run_trials(folder: Path, *, failing: bool = False) -> Record:
    """Return a study of two cells with three seeds each. With `failing`, all trials of the GRU failed."""
    folder.mkdir()
    record = Record(Home(folder), "mine")
    record.declare(Study("mine", "Which?", "lstm", CELLS))
    for number, (cell, seed) in enumerate((cell, seed) for seed in range(3) for cell in CELLS):
        one = trial(cell, seed)
        record.begin(one, 1000.0 + number)
        record.write(Epoch(one.digest, 0, 3, {"val/accuracy": 0.25 + seed / 8}, 1100.0))
        failed = failing and cell == "gru"
        files = {} if failed else {"weights.safetensors": small_weights(), "pictures/cell.svg": b"<svg/>"}
        record.end(one, outcome(one, "failed" if failed else "finished", 0.5 + seed / 8, files=files))
    return record


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return run_trials(tmp_path_factory.mktemp("first") / "home")


@pytest.fixture(scope="module")
def file(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the study in a file."""
    file = tmp_path_factory.mktemp("file") / "mine.zip"
    assert main(["export-study", "study=mine", f"file={file}", f"home={record.home.root}"]) == 0
    return file


@pytest.fixture(scope="module")
def other(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return another home, into which the file was read."""
    other = tmp_path_factory.mktemp("other") / "home"
    assert main(["import-study", f"file={file}", f"home={other}"]) == 0
    return other


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with the same study, in which the trials of the GRU failed."""
    return run_trials(tmp_path_factory.mktemp("failed") / "home", failing=True).home.root


def table(home: Path, capsys: pytest.CaptureFixture[str], study: str = "mine") -> str:
    capsys.readouterr()
    assert main(["table", f"study={study}", f"home={home}", "format=csv"]) == 0
    return capsys.readouterr().out


def test_the_table_of_another_home_is_equal(record: Record, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert table(other, capsys) == table(record.home.root, capsys)
    ours = Record(Home(other), "mine")
    assert ours.study_declaration() == record.study_declaration()
    assert sorted(ours.curves("val/accuracy").items()) == sorted(record.curves("val/accuracy").items())
    assert ours.file(trial().digest, "pictures/cell.svg") == b"<svg/>"
    (model,) = ours.client.search_logged_models([ours.experiment_id], f"tags.digest = '{trial().digest}'")
    assert model.status == "READY"


def test_the_same_command_again_changes_nothing(file: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-study", f"file={file}", f"home={other}"]) == 0
    expected = "Study 'mine': 0 trials read; skipped: 6 because the study has their results.\n"
    assert capsys.readouterr().out == expected
    ours = Record(Home(other), "mine")
    assert len(ours.client.search_runs([ours.experiment_id])) == 6


def test_an_exported_import_is_equal(file: Path, other: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    assert main(["export-study", "study=mine", f"file={again}", f"home={other}"]) == 0
    with open_archive(file) as first, open_archive(again) as second:
        assert first.digests() == second.digests()
        for digest in first.digests():
            assert first.trial(digest) == second.trial(digest)
            assert first.files(digest) == second.files(digest)


def test_failures_do_not_replace_anything(failed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "failed.zip"
    assert main(["export-study", "study=mine", f"file={file}", f"home={failed}"]) == 0
    capsys.readouterr()
    assert main(["import-study", f"file={file}", f"home={failed}"]) == 0
    expected = "skipped: 3 because the study has their results; 3 without a result because the study has them, too.\n"
    assert capsys.readouterr().out.endswith(expected)
    assert main(["import-study", f"file={file}", "study=other", f"home={failed}"]) == 0
    assert capsys.readouterr().out == "Study 'other': 6 trials read.\n"
    assert table(failed, capsys, "other") == table(failed, capsys)


def test_two_studies_are_merged(file: Path, failed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-study", f"file={file}", f"home={failed}"]) == 0
    expected = "Study 'mine': 3 trials read; skipped: 3 because the study has their results.\n"
    assert capsys.readouterr().out == expected
    results = [one for one in Record(Home(failed), "mine").outcomes() if one.has_result]
    assert len(results) == len({one.digest for one in results}) == 6


def test_another_declaration_is_told(file: Path, failed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Record(Home(failed), "declared").declare(Study("declared", "What?", "mgu", ("mgu",)))
    assert main(["import-study", f"file={file}", f"home={failed}", "study=declared"]) == 0
    assert "keeps its declaration; the file differs: question: 'What?' → 'Which?'" in capsys.readouterr().err
    declaration = Record(Home(failed), "declared").study_declaration()
    assert declaration is not None
    assert (declaration.question, declaration.baseline, declaration.order) == ("What?", "mgu", ("mgu", *CELLS))


def test_damaged_gate_arrays_are_refused(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "damaged.zip"
    with open_archive(file) as archive, new_archive(damaged) as writer:
        writer.add_json("study.json", archive.study())
        digest = archive.digests()[0]
        writer.add_json(f"trials/{digest}/trial.json", archive.trial(digest))
        writer.add(f"trials/{digest}/files/gates.npz", b"no arrays")
    assert main(["import-study", f"file={damaged}", f"home={tmp_path}/other"]) == 2
    assert "is not a complete file of gate arrays" in capsys.readouterr().err
    assert not Record(Home(tmp_path / "other"), "mine").outcomes()


def test_a_file_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-study"]) == 2
    assert "file=NAME.zip" in capsys.readouterr().err
    assert main(["import-study", "file=absent.zip"]) == 2
    assert "The archive absent.zip cannot be read: No such file or directory." in capsys.readouterr().err
