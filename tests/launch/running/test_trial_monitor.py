import pytest

from gatebench.outcome import Epoch, Outcome
from gatebench.trial import Trial
from launch.events import Started
from launch.running.trial_monitor import ENDED, STOPPED, monitored
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


class Ledger:
    """Stands for the records: keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def begin(self, trial: Trial, when: float | None = None) -> None:
        self.told.append(("begin", trial.digest, when))

    def write(self, epoch: Epoch) -> None:
        self.told.append(("write", epoch.digest, epoch.epoch))

    def end(self, trial: Trial, outcome: Outcome) -> None:
        self.told.append(("end", trial.digest, outcome.status))

    def interrupt(self, sentence: str) -> None:
        self.told.append(("interrupt", sentence))


def test_events_go_to_the_records_and_outcomes_are_kept() -> None:
    ledger = Ledger()
    with monitored([LSTM, GRU], ledger) as monitor:  # type: ignore[arg-type]
        monitor(Started(LSTM.digest, 7.0))
        monitor(Epoch(LSTM.digest, 0, 3, {}))
        monitor(outcome(LSTM))
    assert ledger.told[0] == ("begin", LSTM.digest, 7.0)
    assert ("write", LSTM.digest, 0) in ledger.told
    assert ledger.told[-1] == ("end", LSTM.digest, "finished")
    assert monitor.outcomes == [outcome(LSTM)]


def test_what_arrives_after_the_end_opens_nothing() -> None:
    ledger = Ledger()
    with monitored([LSTM], ledger) as monitor:  # type: ignore[arg-type]
        monitor(outcome(LSTM, "failed"))
        monitor(Epoch(LSTM.digest, 0, 3, {}))
        monitor(Started(LSTM.digest, 7.0))
    assert ledger.told == [("end", LSTM.digest, "failed")]


@pytest.mark.parametrize(("error", "sentence"), [(KeyboardInterrupt(), STOPPED), (ValueError(), ENDED)])
def test_whatever_ends_it_early_closes_what_is_open(error: BaseException, sentence: str) -> None:
    ledger = Ledger()

    def ended_early() -> None:
        with monitored([LSTM], ledger) as monitor:  # type: ignore[arg-type]
            monitor(Started(LSTM.digest, 7.0))
            raise error

    with pytest.raises(type(error)):
        ended_early()
    assert ledger.told[-1] == ("interrupt", sentence)
