from pathlib import Path

import pytest
import torch

from gatebench.training.step_clock import PHASES
from gatebench.training.trial_times import TrialTimes
from launch.main import main
from launch.trial_speed import times_text


def test_the_verb_prints_where_the_time_of_a_trial_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    overrides = ["cell=gru", "seed=0", "model.hidden_size=3", "training.batch_size=64", f"home={tmp_path}"]
    try:
        assert main(["speed", "trial=quickstart", *overrides]) == 0
    finally:
        torch.set_num_threads(threads)
    out = capsys.readouterr().out
    assert out.startswith("gru · digits[pixels=4, images=4] · backend ")
    assert all(f"\n{phase} " in out for phase in PHASES)


def test_the_shares_and_the_sum_are_those_of_the_times() -> None:
    step = dict(zip(PHASES, (0.001, 0.006, 0.001, 0.001, 0.001, 0.0), strict=True))
    text = times_text(TrialTimes(2.0, step, 0.25, 100, 0.5, 0.25, ("fused",)), 3)
    assert "layers                   6.00    60%" in text
    assert "together                10.00   100%" in text
    assert "25% of a step is in torch's matrix products" in text
    assert "An epoch takes 1.8 s: 100 steps 1.0 s, validation 0.5 s, its gates 0.2 s." in text
    assert text.endswith("3 epochs take about 7 s, without the test.")
    assert "matrix products" not in times_text(TrialTimes(2.0, step, None, 1, 0.5, 0.25, ()), 1)


def test_a_wrong_experiment_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed", "trial="]) == 2
    assert "trial names one experiment, as in gatebench speed trial=characters" in capsys.readouterr().err
    assert main(["speed", "trial=nothing"]) == 2
    assert main(["speed", "trial=quickstart", "shape=[1,1,1,1]"]) == 2
    assert main(["speed", "trial=quickstart", "--cfg", "job"]) == 0
