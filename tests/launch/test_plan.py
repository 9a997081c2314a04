from pathlib import Path

import pytest

from gatebench.derive.cost import pointwise_flops, product_flops
from gatebench.outcome import Outcome
from gatebench.task import Size
from gatebench.trial import Model, Trial
from launch import plan
from launch.config.compose import expand
from launch.config.settings import Settings
from tasks.images.digits import Digits
from tests.launch.trials import DIGITS, outcome, trial

GRID = ["cell=lstm,gru", "seed=0,1", "model.hidden_size=4", "training.max_epochs=3"]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What the records know."""
    outcomes: list[Outcome] = []
    monkeypatch.setattr(plan, "known_outcomes", lambda settings: outcomes)
    return outcomes


def test_the_plan_lists_trials_with_their_digests(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    assert plan.run(GRID) == 0
    out = capsys.readouterr().out
    for one in expand(GRID).trials:
        assert one.digest in out
    assert out.count("to run") == 4
    assert "4 trials in the study 'scratch'; 0 are done already." in out


def test_what_is_done_is_not_to_run_and_tells_how_long_the_rest_takes(
    known: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, *_ = expand(GRID).trials
    known += [outcome(first), outcome(second)]
    plan.run([*GRID, "workers=2"])
    out = capsys.readouterr().out
    assert "2 are done already" in out
    assert "To run: 2" in out
    assert "about 2 s on 2 workers" in out  # two trials of 1.5 s, side by side
    plan.run([*GRID, "force=true"])
    assert "0 are done already" in capsys.readouterr().out


def test_what_failed_is_run_again(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    known.append(outcome(expand(GRID).trials[0], "failed"))
    plan.run(GRID)
    assert "0 are done already" in capsys.readouterr().out


def test_the_cost_counts_every_layer_direction_step_example_and_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Digits, "size", lambda self: Size(examples=100, steps=8, inputs=1))
    one = trial(epochs=2)
    cell = one.build_cell()
    flops = product_flops(cell, 1, 4) + pointwise_flops(cell, 1, 4)
    assert plan.training_flops(one) == 3 * flops * 8 * 100 * 2
    deep = Trial(one.cell, DIGITS, Model(hidden_size=4, num_layers=2, bidirectional=True), one.training)
    second = product_flops(cell, 8, 4) + pointwise_flops(cell, 8, 4)
    assert plan.training_flops(deep) == 3 * 2 * (flops + second) * 8 * 100 * 2


def test_a_task_that_does_not_tell_its_size_has_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Digits, "size", lambda self: None)
    assert plan.training_flops(trial()) is None


def test_the_size_that_the_digits_tell_is_that_of_their_data(tmp_path: Path) -> None:
    problem = Digits().load(tmp_path)
    assert Digits().size() == Size(len(problem.train), problem.steps, problem.input_size)


def test_settings_are_those_of_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def remember(settings: Settings) -> list[Outcome]:
        asked.append(settings.study)
        return []

    monkeypatch.setattr(plan, "known_outcomes", remember)
    plan.run(["study=mine"])
    assert asked == ["mine"]
