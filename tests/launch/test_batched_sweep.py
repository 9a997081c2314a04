"""A real sweep whose trials depend on the outcomes of earlier ones."""

from pathlib import Path

import pytest

from gatebench.outcome import Outcome
from launch import sweep
from launch.config.compose import expand
from launch.config.settings import Settings
from launch.running.known_outcomes import known_study
from launch.running.search_past import past_trials

SEARCH = [
    "task=digits",
    "training.max_epochs=3",
    "training.learning_rate=tag(log,interval(1e-4,1e-1))",
    "model.hidden_size=int(interval(2,8))",
    "search.batch=5",
    "search.sampler=cmaes",
    "search.stop=median",
    "study=mine",
]


@pytest.mark.slow
def test_a_sweep_runs_batch_after_batch_and_a_larger_one_appends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    settings = Settings(home=str(tmp_path), study="mine")

    def outcomes() -> list[Outcome]:
        return known_study(settings, "mine").outcomes

    cells = ["cell=rnn_tanh,gru", "workers=2"]
    assert sweep.run([*SEARCH, *cells, "trials=10"]) == 0
    assert "10 further trials follow: search.sampler=cmaes draws their settings" in capsys.readouterr().err
    first = outcomes()
    assert len({one.digest for one in first}) == len(first) == 20
    assert any(one.is_stopped for one in first)

    assert sweep.run([*SEARCH, *cells, "trials=12"]) == 0
    assert "24 trials, 20 done already" in capsys.readouterr().err
    assert len(outcomes()) == 24
    assert {one.digest for one in first} < {one.digest for one in outcomes()}
    plan = expand([*SEARCH, *cells, "trials=12"], read_past=past_trials)
    assert {trial.digest for trial in plan.trials} == {one.digest for one in outcomes()}
    assert plan.following == 0
    assert max(trial.seed for trial in plan.trials) == 11
