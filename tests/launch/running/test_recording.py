from pathlib import Path

import pytest

from gatebench.outcome import Epoch, Outcome
from gatebench.records.checkpoints import Checkpoints
from gatebench.records.home import Home
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.records.spool.spool import Spool
from launch.config.settings import Settings
from launch.running.known_outcomes import known_study
from launch.running.recording import ANOTHER_ATTEMPT, Recording, record_of, recording
from tests.launch.trials import outcome, trial

LSTM, GRU = trial(), trial("gru")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=str(tmp_path / "home"), study="mine")


def statuses(settings: Settings) -> list[tuple[str, str]]:
    return [(one.status, one.sentence) for one in known_study(settings, "mine").outcomes]


def run_once(records: Recording, end: Outcome) -> None:
    assert records.take([LSTM.digest]) == {LSTM.digest}
    records.begin(LSTM, 7.0)
    records.epoch(LSTM, Epoch(LSTM.digest, 0, 3, {"train/loss": 0.5, "val/accuracy": 0.25}, 8.0))
    records.save(LSTM, b"state")
    records.end(LSTM, end)


def test_events_reach_the_records(settings: Settings) -> None:
    with recording(settings, record_of(settings)) as records:
        assert records.outcomes == []
        run_once(records, outcome(LSTM))
    assert statuses(settings) == [("finished", "")]
    (known,) = known_study(settings, "mine").outcomes
    assert known.metrics["test/accuracy"] == 0.5


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        (outcome(LSTM), None),
        (outcome(LSTM, "diverged"), None),
        (outcome(LSTM, "refused"), None),
        (outcome(LSTM, "failed", facts={TRACEBACK: "…"}), None),
        (outcome(LSTM, "failed"), b"state"),  # its process died
        (outcome(LSTM, "interrupted"), b"state"),
    ],
)
def test_only_a_trial_that_continues_keeps_its_checkpoint(settings: Settings, end: Outcome, kept: bytes | None) -> None:
    with recording(settings, record_of(settings)) as records:
        run_once(records, end)
        assert records.checkpoint(LSTM.digest) == kept
    assert Checkpoints(Home(Path(settings.home))).load(LSTM.digest) == kept


def test_trials_go_on_without_checkpoints(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    place = Path(settings.home) / "checkpoints"
    place.parent.mkdir()
    place.write_text("a file in place of the folder")
    with recording(settings, record_of(settings)) as records:
        records.take([LSTM.digest])
        for _ in range(3):
            records.save(LSTM, b"state")
        place.unlink()
        records.end(LSTM, outcome(LSTM))
    assert statuses(settings) == [("finished", "")]
    (told,) = capsys.readouterr().err.splitlines()
    assert "cannot be written" in told
    assert told.endswith("The trials go on; one that is interrupted continues from an earlier checkpoint.")


def test_a_second_attempt_closes_the_first_one(settings: Settings) -> None:
    with recording(settings, record_of(settings)) as records:
        records.begin(LSTM, 7.0)
        run_once(records, outcome(LSTM))
    closed = statuses(settings)  # the first attempt is left out if the drain has not brought it before the second
    assert closed.count(("finished", "")) == 1
    assert set(closed) <= {("finished", ""), ("lost", ANOTHER_ATTEMPT)}
    assert Spool(Home(Path(settings.home)), "mine", settings.records_uri).running() == []


def test_an_early_end_interrupts_what_is_open(settings: Settings) -> None:
    with recording(settings, record_of(settings)) as records:
        records.begin(LSTM, 7.0)
        records.interrupt("The user stopped it.")
    assert statuses(settings) == [("interrupted", "The user stopped it.")]


def test_a_trial_belongs_to_one_process(settings: Settings) -> None:
    with recording(settings, record_of(settings)) as mine, recording(settings, record_of(settings)) as other:
        assert mine.take([LSTM.digest]) == {LSTM.digest}
        assert other.take([LSTM.digest]) == frozenset()
        holder = other.holder(LSTM.digest)
        assert holder is not None
        assert "process" in holder
        assert other.done([LSTM.digest]) == frozenset()
        mine.begin(LSTM)
        mine.end(LSTM, outcome(LSTM, "interrupted"))
        mine.take([])  # the claim is given back with the next request
        assert other.done([LSTM.digest]) == frozenset()  # it was interrupted, so it continues
        assert other.take([LSTM.digest]) == {LSTM.digest}
        other.begin(LSTM)
        other.end(LSTM, outcome(LSTM))
        assert mine.done([LSTM.digest, GRU.digest]) == {LSTM.digest}
