"""Two commands in two terminals: on one store with two homes, on one home, and on a home and its copy."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from gatebench.records.home import Home
from tests.paths import ROOT

COMMAND = [sys.executable, "-c", "import sys; from launch.main import main; sys.exit(main())"]
TINY = ["task=parity", "training.max_epochs=2", "model.hidden_size=4", "study=both"]
GRID = ["cell=lstm,gru", "seed=range(0,3)", "workers=1", *TINY]


def start(home: Home, *arguments: str) -> subprocess.Popen[str]:
    environment: Mapping[str, str] = {**os.environ, "GATEBENCH_HOME": str(home.root), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*COMMAND, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def output(process: subprocess.Popen[str]) -> str:
    """Return the output of a command that must succeed."""
    text, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return text


def trials(database: Path) -> Counter[tuple[str, str]]:
    """Return the number of runs by the digest of the trial and MLflow's state."""
    query = (
        "SELECT tags.value, runs.status FROM runs JOIN tags USING (run_uuid) "
        "WHERE tags.key = 'digest' AND runs.lifecycle_stage = 'active'"
    )
    with closing(sqlite3.connect(database)) as connection:
        return Counter(connection.execute(query).fetchall())


def contents(home: Home) -> dict[str, bytes]:
    return {str(path.relative_to(home.root)): path.read_bytes() for path in home.root.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("shares_home", [True, False])
def test_two_sweeps_of_a_study_run_each_trial_once(tmp_path: Path, shares_home: bool) -> None:
    homes = [Home(tmp_path / "a"), Home(tmp_path / ("a" if shares_home else "b"))]
    database = homes[0].database if shares_home else tmp_path / "shared.db"
    pair = [start(home, "sweep", *GRID, f"tracking_uri=sqlite:///{database}") for home in homes]
    tables = [output(process).partition("\nThe records lie at")[0] for process in pair]
    counts = trials(database)
    assert len(counts) == 6
    assert set(counts.values()) == {1}
    assert {state for _, state in counts} == {"FINISHED"}
    assert tables[0] == tables[1]
    assert not [file for home in homes for file in (home.root / "owners").iterdir()]


@pytest.mark.slow
def test_a_home_and_its_copy_go_different_ways(tmp_path: Path) -> None:
    original, copy = Home(tmp_path / "a"), Home(tmp_path / "b")
    output(start(original, "train", "cell=lstm", *TINY))
    shutil.copytree(original.root, copy.root)
    before = contents(original)
    output(start(copy, "train", "cell=gru", *TINY))
    table = output(start(copy, "table", "study=both"))
    assert "lstm" in table
    assert "gru" in table
    assert contents(original) == before
    assert "gru" not in output(start(original, "table", "study=both"))
    with closing(sqlite3.connect(copy.database)) as connection:
        locations = [
            Path(uri.removeprefix("file://")) for (uri,) in connection.execute("SELECT artifact_uri FROM runs")
        ]
    assert all(location.is_relative_to(copy.root) for location in locations)
    assert sum((location / "config.yaml").exists() for location in locations) == 2
