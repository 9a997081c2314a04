from pathlib import Path

import pytest

from gatebench.records.home import Home
from launch.config.compose import expand
from launch.recorded_sweep import run_recorded
from launch.running.known_outcomes import known_study
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome


def test_trials_of_other_sweeps_do_not_stop_a_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The paired test of the study lacks seeds, but not that of the sweep."""
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    record = Record(Home(tmp_path), "mine")
    grid = ["task=digits", "model.hidden_size=4", "training.max_epochs=1", "study=mine", "test=paired"]
    for cells in (["cell=rnn_tanh", "seed=0,1"], ["cell=gru", "seed=2,3"]):
        for trial in expand([*cells, *grid]).trials:
            record.end(trial, outcome(trial))
    plan = expand(["cell=gru", "seed=2,3", *grid])
    assert run_recorded(plan, known_study(plan.settings, "mine"), None) == 0
    captured = capsys.readouterr()
    assert "The pages in MLflow show only this sweep" in captured.err
    assert "The paired test needs equal seeds; rnn_tanh has seeds 0, 1, and gru has seeds 2, 3." in captured.err
    assert "gru" in captured.out
