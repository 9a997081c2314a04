from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.owner import Owner, owner_of
from gatebench.records.spool.spool import Spool
from launch import status
from launch.config.compose import expand
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome

GRID = ["cell=lstm,gru", "seed=0,1,2", "model.hidden_size=4", "training.max_epochs=8", "study=mine"]
LSTM0, GRU0, LSTM1, GRU1, LSTM2, GRU2 = expand(GRID).trials


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    monkeypatch.setattr("launch.status.time.time", lambda: 1000.0)
    return Home(tmp_path)


@pytest.fixture
def owner(home: Home) -> Iterator[Owner]:
    with owner_of(home) as one:
        yield one


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert status.run(argv) == 0
    return capsys.readouterr().out


def test_nothing_has_run(capsys: pytest.CaptureFixture[str], home: Home) -> None:
    assert printed(capsys, *GRID) == "Study 'mine': 6 trials: 6 planned.\nNothing runs now.\n"
    assert list(home.root.iterdir()) == []


def test_states_progress_rate_and_time_left(capsys: pytest.CaptureFixture[str], home: Home, owner: Owner) -> None:
    record, spool = Record(home, "mine"), Spool(home, "mine", home.tracking_uri)
    record.end(LSTM0, outcome(LSTM0, metrics={"seconds": 40.0}))
    record.end(GRU0, outcome(GRU0, "failed", sentence="The loss has no value."))
    spool.begin(LSTM1, "1" * 12, owner, 980.0)
    spool.epoch("1" * 12, Epoch(LSTM1.digest, 2, 8, {"train/loss": 1.0, "val/accuracy": 0.5}))
    spool.begin(GRU1, "2" * 12, owner, 990.0)
    spool.end("2" * 12, outcome(GRU1, "diverged"))
    assert printed(capsys, *GRID).splitlines() == [
        "Study 'mine': 6 trials: 2 planned, 1 running, 1 done, 1 diverged, 1 failed.",
        "",
        "running                 epoch    validation   for",
        "-------------------------------------------------",
        "lstm · digits · seed 1    3/8  accuracy 0.5  20 s",
        "",
        "0.15 epochs a second; 1.5 trials a minute; about 2 min 20 s left.",
        "1 ended trial waits on this disk to be recorded; the running sweep or gatebench drain does it.",
        "",
        "1 failed: The loss has no value.",
    ]
    out = printed(capsys, "study=mine")
    assert "Study 'mine': 4 trials: 1 running, 1 done, 1 diverged, 1 failed." in out
    assert "Planned trials are not in the records" in out


def test_another_home_sees_what_the_store_shows(
    capsys: pytest.CaptureFixture[str], home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    record = Record(home, "mine")
    record.begin(LSTM0, when=900.0)
    record.write(Epoch(LSTM0.digest, 3, 8, {"train/loss": 1.0, "val/accuracy": 0.25}))
    other = tmp_path_factory.mktemp("other")
    out = printed(capsys, *GRID, f"home={other}", f"tracking_uri={home.tracking_uri}")
    assert "5 planned, 1 running." in out
    assert "lstm · digits · seed 0    4/8  accuracy 0.25  1 min 40 s" in out


def test_a_study_that_does_not_exist_is_told(home: Home) -> None:
    Record(home, "mine").end(LSTM0, outcome(LSTM0))
    with pytest.raises(UserError, match="There is no study 'mien' in these records; did you mean 'mine'"):
        status.run(["study=mien"])


def test_a_store_that_cannot_be_read_leaves_the_trials_of_this_home(
    capsys: pytest.CaptureFixture[str], home: Home, owner: Owner
) -> None:
    spool = Spool(home, "mine", home.tracking_uri)
    spool.begin(LSTM0, "1" * 12, owner, 990.0)
    spool.begin(LSTM1, "2" * 12, owner, 990.0)
    spool.end("2" * 12, outcome(LSTM1))
    home.database.write_bytes(b"no database" * 100)
    out = printed(capsys, *GRID)
    assert "4 planned, 1 running, 1 done." in out
    assert "Only the trials of this home are shown: The records at " in out


def test_following_ends_when_nothing_runs(
    capsys: pytest.CaptureFixture[str], home: Home, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(home, "mine", home.tracking_uri)
    spool.begin(LSTM0, "1" * 12, owner, 990.0)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            spool.end("1" * 12, outcome(LSTM0))

    monkeypatch.setattr("launch.status.time.sleep", sleep)
    out = printed(capsys, "--follow", *GRID)
    assert slept == [status.FOLLOW_SECONDS] * 2
    assert out.count("Study 'mine'") == 3
    assert out.count("1 running") == 2
    assert "5 planned, 1 done.\nNothing runs now." in out


def test_a_terminal_is_drawn_over(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    status._show("two\nlines", "new")
    assert capsys.readouterr().out == "\x1b[2F\x1b[Jnew\n"


def test_many_messages_are_shortened(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    record = Record(home, "mine")
    for number, trial in enumerate((LSTM0, LSTM1, LSTM2, GRU0, GRU1, GRU2)):
        record.end(trial, outcome(trial, "failed", sentence=f"Reason {number}."))
    out = printed(capsys, *GRID)
    assert out.count("1 failed: Reason") == status.MOST_MESSAGES
    assert "… and 1 other messages." in out
