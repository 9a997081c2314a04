import pytest

from gatebench.records.open_run import OpenRun
from launch.running.time_left import TimeLeft, time_left
from tests.launch.trials import outcome, trial


def run(began: float, epochs: int, most: int = 10) -> OpenRun:
    return OpenRun("d", "name", "", "", began, epochs, most, "accuracy", None)


def test_the_mean_of_ended_trials_is_the_duration_of_the_others() -> None:
    ended = [outcome(trial(seed=seed), metrics={"seconds": value}) for seed, value in enumerate((8.0, 12.0))]
    states = ["done", "done", "running", "running", "planned", "planned", "failed"]
    left = time_left(states, ended, [run(96.0, 2), run(98.0, 1)], now=100.0)  # type: ignore[arg-type]
    assert left.trials_per_minute == pytest.approx(60 * 2 / 10)
    assert left.epochs_per_second == pytest.approx(2 / 4 + 1 / 2)
    assert left.seconds == pytest.approx((3 * 10 + 6 + 8) / 2)


def test_without_ended_trials_the_epochs_give_the_duration() -> None:
    left = time_left(["running", "planned"], [], [run(90.0, 5)], now=100.0)
    assert left == TimeLeft(0.5, 3.0, 30.0)


def test_before_the_first_epoch_nothing_is_known() -> None:
    assert time_left(["running"], [], [run(90.0, 0)], now=100.0) == TimeLeft(None, None, None)
    assert time_left(["planned"], [outcome(trial())], [], now=100.0) == TimeLeft(None, None, None)


def test_a_trial_that_takes_longer_than_the_mean_is_about_to_end() -> None:
    ended = [outcome(trial(), metrics={"seconds": 5.0})]
    assert time_left(["done", "running"], ended, [run(50.0, 2)], now=100.0).seconds == 0


def test_a_clock_that_lags_behind_gives_no_negative_speed() -> None:
    assert time_left(["running"], [], [run(200.0, 3)], now=100.0) == TimeLeft(None, None, None)
