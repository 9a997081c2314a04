from pathlib import Path

import pytest

from gatebench.records.home import Home
from gatebench.records.owner import Owner
from gatebench.records.record import Record
from gatebench.records.spool.spool import Spool
from launch.main import main
from tests.gatebench.records.spool.attempts import FIRST, OWNER, SECOND, THIRD, forget_connections
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


def spool_of(home: Path, study: str, store: str = "home") -> Spool:
    return Spool(Home(home), study, store)


def test_all_that_waits_in_a_home_is_recorded_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for study, one, attempt in (("a", LSTM, FIRST), ("a", GRU, SECOND), ("b", LSTM, THIRD)):
        spool = spool_of(home, study)
        spool.begin(one, attempt, OWNER, 5.0)
        spool.end(attempt, outcome(one, when=9.0))
    assert main(["drain", "study=a"]) == 0
    assert capsys.readouterr().out == "Study 'a': 2 trials recorded.\nNothing waits.\n"
    assert main(["drain"]) == 0
    assert capsys.readouterr().out == "Study 'b': 1 trial recorded.\nNothing waits.\n"
    assert main(["drain"]) == 0
    assert capsys.readouterr().out == "Nothing waits.\n"
    assert len(Record(Home(home), "a").outcomes()) == 2


def test_the_trials_of_a_dead_process_are_lost(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool_of(home, "a").begin(LSTM, FIRST, Owner("0123456789ab", "host", 1), 5.0)
    assert main(["drain"]) == 0
    assert [one.status for one in Record(Home(home), "a").outcomes()] == ["lost"]


def test_a_lost_database_is_rebuilt(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool = spool_of(home, "a")
    for one, attempt in ((LSTM, FIRST), (GRU, SECOND)):
        spool.begin(one, attempt, OWNER, 5.0)
        spool.end(attempt, outcome(one, when=9.0))
    main(["drain"])
    capsys.readouterr()
    assert main(["table", "study=a"]) == 0
    table = capsys.readouterr().out
    Home(home).database.unlink()
    forget_connections(Home(home).tracking_uri)
    assert main(["table", "study=a"]) == 2
    assert capsys.readouterr().err.endswith("put it back, or rebuild it with gatebench drain rebuild=true.\n")
    assert main(["drain", "rebuild=true"]) == 0
    out = capsys.readouterr().out
    assert "Study 'a': 2 trials restored from their journals.\nStudy 'a': 2 trials recorded.\nNothing waits.\n" in out
    assert main(["table", "study=a"]) == 0
    assert capsys.readouterr().out == table


def test_other_records_are_not_contacted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files of a spool may come from elsewhere, and the environment may contain a password for a server."""
    spool = spool_of(home, "a", "http://127.0.0.1:9")
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    spool.end(FIRST, outcome(LSTM, when=9.0))
    assert main(["drain"]) == 1
    assert capsys.readouterr().err == (
        "gatebench: 1 trial of the study 'a' waits for the records at http://127.0.0.1:9; "
        "set tracking_uri=http://127.0.0.1:9.\n"
    )


def test_records_that_cannot_be_reached_are_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool = spool_of(home, "a", "http://127.0.0.1:9")
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    spool.end(FIRST, outcome(LSTM, when=9.0))
    assert main(["drain", "tracking_uri=http://me:secret@127.0.0.1:9"]) == 1
    captured = capsys.readouterr()
    assert captured.err.endswith("the server cannot be reached; 1 trial of the study 'a' waits.\n")
    assert "secret" not in captured.err + captured.out


def test_a_study_that_is_not_in_the_spool_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool_of(home, "mine").folder.create()
    assert main(["drain", "study=mien"]) == 2
    assert "There is no study 'mien' in the spool" in capsys.readouterr().err


def test_a_home_that_does_not_exist_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["drain"], ["drain", "rebuild=true"]):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"gatebench: The home {home} does not exist, so nothing waits in it")
        assert error.count("\n") == 1
    assert not home.exists()
