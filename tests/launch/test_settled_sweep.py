import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatebench.records.home import Home
from gatebench.records.owner import Owner
from gatebench.records.spool.spool import Spool
from launch.config.compose import expand
from launch.declaration import keep_declaration, new_declaration
from launch.running.known_outcomes import known_study
from launch.settled_sweep import is_settled, print_start
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome

GRID = ["cell=lstm,gru", "model.hidden_size=4", "study=mine"]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """The records of a sweep that has ended."""
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    plan, record = expand(GRID), Record(Home(tmp_path), "mine")
    keep_declaration(plan, record)
    for trial in plan.trials:
        record.end(trial, outcome(trial))
    record.write_report("A table.", {})
    return record


def settled(*others: str) -> bool:
    plan = expand([*GRID, *others])
    known = known_study(plan.settings, "mine")
    return is_settled(plan, new_declaration(plan, known.declaration), known)


def test_nothing_is_to_do_after_a_sweep(record: Record) -> None:
    assert settled()


@pytest.mark.parametrize("change", ["force=true", "seed=0,1", "baseline=gru", "question='Why?'"])
def test_a_change_is_work(record: Record, change: str) -> None:
    assert not settled(change)


def test_an_attempt_in_the_spool_is_work(record: Record) -> None:
    spool = Spool(record.home, "mine", record.uri)
    spool.begin(expand(GRID).trials[0], "1" * 12, Owner("a" * 12, "host", 1), 1.0)
    assert not settled()


def test_an_open_run_is_work(record: Record) -> None:
    record.begin(expand(["cell=mgu"]).trials[0])
    assert not settled()


def test_a_missing_report_is_work(record: Record) -> None:
    (run,) = record.client.search_runs([record.experiment_id], "tags.`gatebench.report` != ''")
    record.client.delete_run(run.info.run_id)
    assert not settled()


def test_without_records_there_is_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    assert not settled()


def test_ray_and_mlflow_are_not_imported(record: Record) -> None:
    code = (
        "import sys; from launch.main import main; code = main(sys.argv[1:]); "
        "sys.exit(code or len({'ray', 'mlflow', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, "sweep", *GRID]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "Study 'mine': 2 trials, 2 done already.\n"


def test_the_first_line_counts_one_trial(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    plan = expand(["cell=lstm", "model.hidden_size=4", "study=mine"])
    print_start(plan, new_declaration(plan, None), [], to_run=1)
    assert capsys.readouterr().err == "Study 'mine': 1 trial, 0 done already.\n"
