"""`gatebench table format=trials-…`, from the plan to the file."""

import json
from pathlib import Path

import pytest
from pyarrow import parquet

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from launch import table
from launch.config.compose import expand
from launch.running.known_outcomes import KnownStudy
from tests.launch.trials import outcome

GRID = ["cell=lstm,gru", "seed=0,1", "model.hidden_size=4"]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """The records: the grid, and a trial of another size."""
    outcomes = [outcome(trial, score=0.5 + 0.1 * trial.seed) for trial in expand(GRID).trials]
    outcomes.append(outcome(expand(["cell=lstm", "model.hidden_size=99"]).trials[0], score=0.99))
    monkeypatch.setattr(table, "known_study", lambda settings, study: KnownStudy(None, outcomes))
    return outcomes


def test_all_trials_of_a_study_or_those_of_the_plan(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert table.run(["study=scratch", "format=trials-json"]) == 0
    everything = json.loads(capfdbinary.readouterr().out)
    assert [row["params.model.hidden_size"] for row in everything].count(99) == 1
    assert len(everything) == 5
    assert table.run([*GRID, "format=trials-csv"]) == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == 1 + 4


def test_a_file_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trials.parquet"
    argv = ["study=scratch", "format=trials-parquet", f"file={file}"]
    assert table.run(argv) == 0
    assert capsys.readouterr().err == f"5 trials in {file}, {file.stat().st_size:,} bytes.\n"
    assert sorted(parquet.read_table(file)["score"].to_pylist()) == [0.5, 0.5, 0.6, 0.6, 0.99]
    with pytest.raises(UserError, match=r"trials\.parquet exists already; choose another file=NAME\.$"):
        table.run(argv)
    with pytest.raises(UserError, match="cannot be written: No such file or directory"):
        table.run([*argv[:2], f"file={tmp_path}/nowhere/x.parquet"])


def test_bad_cases_have_a_sentence(known: list[Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        UserError, match=r"There is no format 'trials-xls'.* Allowed: .*trials-csv, trials-json, trials-parquet"
    ):
        table.run(["study=scratch", "format=trials-xls"])
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with pytest.raises(UserError, match="format=trials-parquet is not for a terminal; write a file with file=NAME"):
        table.run(["study=scratch", "format=trials-parquet"])
    with pytest.raises(UserError, match="The study 'scratch' contains none of these trials yet"):
        table.run(["cell=mgu", "format=trials-csv"])
