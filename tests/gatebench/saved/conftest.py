"""A study with one trained trial, and one that failed."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from gatebench.outcome import Outcome
from gatebench.records.home import Home
from gatebench.training.one_trial import run_trial
from gatebench.trial import Trial
from tests.gatebench.records.writing_record import WritingRecord
from tests.launch.trials import trial


@dataclass(frozen=True)
class TrainedStudy:
    """The study "mine".

    Attributes:
        home: the home.
        trained: the trial that was trained.
        outcome: its outcome.
        failed: the trial that failed.
    """

    home: Path
    trained: Trial
    outcome: Outcome
    failed: Trial


@pytest.fixture(scope="session")
def trained_study(tmp_path_factory: pytest.TempPathFactory) -> TrainedStudy:
    home = tmp_path_factory.mktemp("saved")
    one, other = trial("gru", 1, epochs=1), trial("lstm", 0, epochs=1)
    outcome = run_trial(one, home=home, data_root=None, emit=lambda epoch: None)
    record = WritingRecord(Home(home), "mine")
    record.end(one, outcome)
    record.end(other, Outcome.of(other, "failed", "So it was."))
    return TrainedStudy(home, one, outcome, other)
