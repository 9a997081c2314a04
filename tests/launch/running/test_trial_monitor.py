import pytest

from gatebench.outcome import Epoch, Outcome
from gatebench.trial import Trial
from launch.events import Checkpoint, Started
from launch.running.trial_monitor import ENDED, STOPPED, monitored
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


class FakeRecording:
    """Replaces the recording, and keeps the calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def begin(self, trial: Trial, when: float = 0.0) -> None:
        self.calls.append(("begin", trial.digest, when))

    def epoch(self, trial: Trial, epoch: Epoch) -> None:
        self.calls.append(("epoch", trial.digest, epoch.epoch))

    def save(self, trial: Trial, content: bytes) -> None:
        self.calls.append(("save", trial.digest, content))

    def end(self, trial: Trial, outcome: Outcome) -> None:
        self.calls.append(("end", trial.digest, outcome.status))

    def interrupt(self, sentence: str) -> None:
        self.calls.append(("interrupt", sentence))


def test_events_go_to_the_records_and_outcomes_are_kept() -> None:
    record = FakeRecording()
    with monitored([LSTM, GRU], record) as monitor:  # type: ignore[arg-type]
        monitor(Started(LSTM.digest, 7.0))
        monitor(Epoch(LSTM.digest, 0, 3, {}))
        monitor(Checkpoint(LSTM.digest, b"state"))
        monitor(outcome(LSTM))
    assert record.calls[0] == ("begin", LSTM.digest, 7.0)
    assert ("epoch", LSTM.digest, 0) in record.calls
    assert ("save", LSTM.digest, b"state") in record.calls
    assert record.calls[-1] == ("end", LSTM.digest, "finished")
    assert monitor.outcomes == [outcome(LSTM)]


def test_what_arrives_after_the_end_opens_nothing() -> None:
    record = FakeRecording()
    with monitored([LSTM], record) as monitor:  # type: ignore[arg-type]
        monitor(outcome(LSTM, "failed"))
        monitor(Epoch(LSTM.digest, 0, 3, {}))
        monitor(Started(LSTM.digest, 7.0))
    assert record.calls == [("end", LSTM.digest, "failed")]


@pytest.mark.parametrize(("error", "sentence"), [(KeyboardInterrupt(), STOPPED), (ValueError(), ENDED)])
def test_whatever_ends_it_early_closes_what_is_open(error: BaseException, sentence: str) -> None:
    record = FakeRecording()

    def ended_early() -> None:
        with monitored([LSTM], record) as monitor:  # type: ignore[arg-type]
            monitor(Started(LSTM.digest, 7.0))
            raise error

    with pytest.raises(type(error)):
        ended_early()
    assert record.calls[-1] == ("interrupt", sentence)


def test_further_trials_are_expected_later() -> None:
    record = FakeRecording()
    with monitored([LSTM], record) as monitor:  # type: ignore[arg-type]
        monitor(outcome(GRU))
        assert monitor.outcomes == []
        monitor.expect([GRU])
        monitor(outcome(GRU))
    assert monitor.outcomes == [outcome(GRU)]
