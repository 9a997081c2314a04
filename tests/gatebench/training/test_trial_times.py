from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.errors import Refusal
from gatebench.training.step_clock import PHASES
from gatebench.training.trial_times import trial_times
from gatebench.trial import Training
from tests.gatebench.training.sign import TRIAL


def test_a_trial_has_the_times_of_its_parts(tmp_path: Path) -> None:
    training = replace(TRIAL.training, batch_size=16, backend="fused", input_noise=0.1, weight_noise=0.1)
    trial = replace(TRIAL, training=training)
    times = trial_times(trial, tmp_path, None)
    assert list(times.step) == list(PHASES)
    assert all(seconds >= 0 for seconds in times.step.values())
    assert times.step["layers"] > 0
    assert times.steps == 256 / 16
    assert times.products is not None
    assert 0 < times.products < 1
    assert times.backends == ("fused",)
    assert times.epoch > times.steps * sum(times.step.values()) > 0


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="must be 1, because one process is measured"):
        trial_times(replace(TRIAL, training=Training(devices=2)), tmp_path, None)
    with pytest.raises(Refusal, match="The training part has one batch"):
        trial_times(replace(TRIAL, training=replace(TRIAL.training, batch_size=500)), tmp_path, None)
