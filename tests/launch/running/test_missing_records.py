from pathlib import Path

import pytest

from gatebench.records.home import Home
from launch.config.settings import Settings
from launch.main import main
from launch.running.missing_records import existing_studies, missing_home, missing_records, missing_study
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return a home with a study "mine" that has a trial."""
    (tmp_path / "recorded").mkdir()
    Record(Home(tmp_path / "recorded"), "mine").end(trial(), outcome(trial()))
    return tmp_path / "recorded"


@pytest.mark.parametrize("verb", ["table", "ui"])
def test_a_home_that_does_not_exist_names_those_beside_it(
    verb: str, recorded: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(recorded)
    wrong = recorded.parent / "recored"
    assert main([verb, "study=mine", f"home={wrong}"]) == 2
    assert capsys.readouterr().err == (
        f"gatebench: There are no records at sqlite:///{wrong}/mlflow.db yet (there is no folder {wrong}); "
        f"run gatebench sweep experiment=quickstart, or set home=… to a folder with records: {recorded}.\n"
    )
    assert not wrong.exists()


def test_the_error_of_a_missing_home_names_those_beside_it(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recorded.parent)  # in the project's own folder, `make demo` has made the default home
    wrong = recorded.parent / "recored"
    assert str(missing_home(Home(wrong), "nothing waits in it")) == (
        f"The home {wrong} does not exist, so nothing waits in it; set home=… to a folder with records: {recorded}."
    )


@pytest.mark.parametrize("studies", ["nosuch", "mine,nosuch"])
def test_a_study_that_does_not_exist_names_the_others(
    studies: str, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", f"study={studies}", f"home={recorded}"]) == 2
    assert capsys.readouterr().err == "gatebench: There is no study 'nosuch' in these records. Allowed: mine.\n"


def test_a_table_of_trials_that_another_study_has_names_it(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "cell=gru", "study=nosuch", f"home={recorded}"]) == 2
    err = capsys.readouterr().err
    assert "The study 'nosuch' contains none of these trials yet" in err
    assert "The records have the studies mine." in err


def test_a_plan_says_that_its_study_is_new(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "study=nosuch", f"home={recorded}"]) == 0
    assert "The study 'nosuch' is new. The records have the studies mine." in capsys.readouterr().out
    assert main(["plan", "study=mine", f"home={recorded}"]) == 0
    assert "is new" not in capsys.readouterr().out


def test_the_sentences(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recorded)  # a folder "runs" with records in the working directory would be named
    settings = Settings(home=str(recorded))
    assert str(missing_study(settings, "min")) == (
        "There is no study 'min' in these records; did you mean 'mine'? Allowed: mine."
    )
    assert str(missing_study(settings, "mine")).startswith("The study 'mine' contains no trials yet")
    assert existing_studies(settings) == "The records have the studies mine."
    empty = Settings(home=str(tmp_path / "a" / "b"))
    assert str(missing_records(empty)).endswith("run gatebench sweep experiment=quickstart.")
    assert existing_studies(empty).startswith("There are no records at sqlite:")
    hidden = Settings(tracking_uri="sqlite:////nowhere/x.db?password=hunter22")
    assert "hunter22" not in str(missing_records(hidden))
