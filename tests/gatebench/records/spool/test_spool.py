import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.open_run import OpenRun
from gatebench.records.owner import Owner
from gatebench.records.spool.spool import LOST, Spool
from tests.gatebench.records.spool.attempts import FIRST, OWNER, SECOND, THIRD
from tests.launch.trials import outcome, trial
from tests.paths import ROOT

LSTM, GRU = trial("lstm"), trial("gru")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    home = Home(tmp_path / "home")
    return Spool(home, "mine", home.tracking_uri)


def test_reading_a_spool_that_is_not_there_creates_nothing(spool: Spool, tmp_path: Path) -> None:
    assert spool.outcomes() == []
    assert spool.running() == []
    assert spool.waiting() == 0
    assert spool.close_lost(lambda name: True) == []
    assert list(tmp_path.iterdir()) == []


def test_an_attempt_runs_and_ends(spool: Spool) -> None:
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    spool.begin(LSTM, FIRST, OWNER, 6.0)
    spool.epoch(FIRST, Epoch(LSTM.digest, 0, 3, {"train/loss": 0.5, "val/accuracy": 0.25}, 7.0))
    (running,) = spool.running()
    assert running == OpenRun(LSTM.digest, "lstm · digits · seed 0", FIRST, "owner0", 5.0, 1, 3, "accuracy", 0.25)
    assert spool.outcomes() == []
    spool.end(FIRST, outcome(LSTM, when=8.0, files={"gates.npz": b"1"}))
    assert spool.running() == []
    assert spool.waiting() == 1
    assert spool.outcomes() == [outcome(LSTM, when=8.0)]
    assert list(spool.outcomes_by_attempt()) == [FIRST]


def test_another_process_reads_the_same(spool: Spool) -> None:
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    spool.begin(GRU, SECOND, OWNER, 4.0)
    other = Spool(Home(spool.folder.path.parents[1]), "mine", "home")
    assert [running.digest for running in other.running()] == [GRU.digest, LSTM.digest]


def test_each_store_and_study_has_a_spool_of_its_own(spool: Spool, tmp_path: Path) -> None:
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    home = Home(tmp_path / "home")
    for other in (Spool(home, "mine", "http://server"), Spool(home, "theirs", home.tracking_uri)):
        assert other.running() == []


def test_a_home_can_be_moved(spool: Spool, tmp_path: Path) -> None:
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    moved = Home((tmp_path / "home").rename(tmp_path / "moved"))
    assert len(Spool(moved, "mine", moved.tracking_uri).running()) == 1


def test_the_attempts_of_dead_processes_are_lost(spool: Spool) -> None:
    spool.begin(LSTM, FIRST, Owner("dead", "", 1), 5.0)
    spool.epoch(FIRST, Epoch(LSTM.digest, 0, 3, {}, 7.0))
    spool.begin(GRU, SECOND, Owner("alive", "", 1), 5.0)
    spool.begin(trial("mgu"), THIRD, Owner("ended", "", 1), 8.0)
    assert spool.close_lost({"dead": True, "alive": False}.get) == [LSTM.digest, trial("mgu").digest]
    assert spool.close_lost({"dead": True, "alive": False}.get) == []
    assert spool.outcomes() == [
        outcome(LSTM, "lost", sentence=LOST, when=7.0),
        outcome(trial("mgu"), "lost", sentence=LOST, when=8.0),
    ]
    assert [running.digest for running in spool.running()] == [GRU.digest]


def test_an_interruption_ends_the_own_attempts_alone(spool: Spool) -> None:
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    other = Spool(Home(spool.folder.path.parents[1]), "mine", "home")
    other.begin(GRU, SECOND, OWNER, 5.0)
    assert spool.interrupt("The user stopped it.") == [LSTM.digest]
    assert [(one.digest, one.status) for one in spool.outcomes()] == [(LSTM.digest, "interrupted")]
    assert [running.digest for running in spool.running()] == [GRU.digest]


def test_a_damaged_attempt_does_not_hinder_the_others(spool: Spool) -> None:
    for one, attempt in ((LSTM, FIRST), (GRU, SECOND), (trial("mgu"), THIRD)):
        spool.begin(one, attempt, OWNER, 5.0)
    spool.end(FIRST, outcome(LSTM, when=1.0))
    spool.end(SECOND, outcome(GRU, when=2.0))
    spool.folder.attempt(FIRST).path.joinpath("outcome").write_bytes(b"nonsense")
    spool.folder.attempt(THIRD).journal.write_bytes(b"nonsense")
    assert [one.digest for one in spool.outcomes()] == [GRU.digest]
    assert spool.running() == []
    assert spool.problems[FIRST].endswith("outcome is damaged, so the trial is not recorded.")
    assert "no header that can be read" in spool.problems[THIRD]


def test_links_and_foreign_names_are_no_attempts(spool: Spool, tmp_path: Path) -> None:
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    spool.folder.open.joinpath(SECOND).symlink_to(spool.folder.open / FIRST)
    spool.folder.open.joinpath("..name").mkdir()
    assert len(spool.running()) == 1


def test_a_header_of_another_attempt_is_refused(spool: Spool) -> None:
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    (spool.folder.open / FIRST).rename(spool.folder.open / SECOND)
    assert spool.running() == []
    assert "belongs to the attempt" in spool.problems[SECOND]


def test_a_home_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    spool = Spool(Home(tmp_path / "home"), "mine", "home")
    with pytest.raises(UserError, match="cannot be written to"):
        spool.begin(LSTM, FIRST, OWNER, 5.0)


WRITER = """
import json, sys, time
from pathlib import Path
from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.spool.spool import Spool
from tests.gatebench.records.spool.attempts import FIRST, OWNER
from tests.launch.trials import trial
spool = Spool(Home(Path(sys.argv[1])), "mine", "home")
spool.begin(trial("lstm"), FIRST, OWNER, 5.0)
for epoch in range(10**9):
    spool.epoch(FIRST, Epoch("", epoch, 10**9, {f"m{n}": 0.1 * n for n in range(35)}, 1.0))
    print(epoch, flush=True)
"""


def test_epochs_that_were_appended_survive_the_death_of_the_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    while int(process.stdout.readline()) < 50:
        pass
    process.send_signal(signal.SIGKILL)
    printed = [int(line) for line in process.stdout.read().split("\n")[:-1]]
    process.wait()
    process.stdout.close()
    spool = Spool(Home(tmp_path), "mine", "home")
    epochs = [epoch.epoch for epoch, _ in spool.folder.attempt(FIRST).epochs(LSTM.digest)]
    assert epochs == list(range(len(epochs)))
    assert len(epochs) > max(printed, default=50)


def test_a_thousand_epochs_of_a_real_trial_are_appended_in_a_second(spool: Spool) -> None:
    metrics = {f"gate/l0/keep/f/statistic{n}": 0.123456789 * n for n in range(35)}
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    began = time.process_time()
    for epoch in range(1000):
        spool.epoch(FIRST, Epoch(LSTM.digest, epoch, 1000, metrics, 5.0))
    assert time.process_time() - began < 1.0
    assert json.loads(spool.folder.attempt(FIRST).journal.read_bytes().splitlines()[-1][9:])["epoch"] == 999


def test_the_curves_are_those_of_results(spool: Spool) -> None:
    assert spool.curves("val/accuracy") == {}
    for attempt, one in ((FIRST, LSTM), (SECOND, GRU)):
        spool.begin(one, attempt, OWNER, 5.0)
        for number in (0, 1, 1):  # a trial that continues sends an epoch again
            spool.epoch(attempt, Epoch(one.digest, number, 3, {"val/accuracy": 0.5 + number}, 7.0))
    spool.end(FIRST, outcome(LSTM))
    spool.end(SECOND, outcome(GRU, "failed"))
    assert spool.curves("val/accuracy") == {LSTM.digest: [0.5, 1.5]}
    assert spool.curves("val/loss") == {LSTM.digest: []}
