"""A trial with scores to stop at: it stops after the first epoch at which it is worse, and its best epoch counts."""

from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.control import Control, Stopped
from gatebench.outcome import STOPPED_AFTER, Epoch
from gatebench.training import run_trial
from gatebench.training.stop_rule import is_stopped, stop_facts
from tests.gatebench.training.sign import TRIAL

STOPS = replace(TRIAL, stop_scores=((1, 0.0), (2, 1.1)))  # an accuracy of more than 1 is never reached
METRIC = TRIAL.build_task().metrics[0]


def test_the_last_epoch_decides() -> None:
    history = [{"val/accuracy": 0.5}, {"val/accuracy": 0.9}]
    assert not is_stopped(history[:1], METRIC, STOPS)
    assert is_stopped(history, METRIC, STOPS)
    assert stop_facts(history, METRIC, STOPS) == {STOPPED_AFTER: "2"}
    assert stop_facts(history, METRIC, TRIAL) == {}


def test_a_stopped_trial_is_a_result_that_a_checkpoint_does_not_change(tmp_path: Path) -> None:
    epochs: list[Epoch] = []
    whole = run_trial(TRIAL, home=tmp_path, data_root=None, emit=epochs.append)
    assert not whole.is_stopped
    scores = [epoch.metrics["val/accuracy"] for epoch in epochs[:2]]
    outcome = run_trial(STOPS, home=tmp_path, data_root=None, emit=lambda _: None)
    assert outcome.status == "finished"
    assert outcome.is_stopped
    assert outcome.metrics["epochs"] == 2
    assert outcome.metrics["best/val/accuracy"] == max(scores)
    assert "test/accuracy" in outcome.metrics

    checkpoints: list[bytes] = []
    asked = iter(range(10**6))
    control = Control(save=checkpoints.append, should_stop=lambda: next(asked) == 3)
    with pytest.raises(Stopped):
        run_trial(STOPS, home=tmp_path, data_root=None, emit=lambda _: None, control=control)
    resumed = run_trial(
        STOPS, home=tmp_path, data_root=None, emit=lambda _: None, control=Control(resume=checkpoints[-1])
    )
    timeless = {name: value for name, value in outcome.metrics.items() if not name.startswith("seconds")}
    assert timeless == {name: value for name, value in resumed.metrics.items() if not name.startswith("seconds")}
    assert resumed.facts[STOPPED_AFTER] == "2"
