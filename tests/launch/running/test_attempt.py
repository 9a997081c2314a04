from collections.abc import Callable

import pytest

from gatebench.control import Control, Stopped
from gatebench.errors import Refusal, UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.trial import Trial
from launch.running.attempt import TrialRunner, attempt, attempt_in_sweep
from tests.launch.trials import outcome, trial


def raising(error: Exception) -> TrialRunner:
    def run(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
        raise error

    return run


def passing(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    emit(Epoch(trial.digest, 0, 1, {}))
    return outcome(trial)


def test_what_comes_out_is_passed_on() -> None:
    epochs: list[Epoch] = []
    assert attempt(trial(), passing, epochs.append, Control()) == outcome(trial())
    assert [epoch.digest for epoch in epochs] == [trial().digest]


def test_an_unexpected_error_is_an_outcome_with_its_traceback() -> None:
    result = attempt(trial(), raising(ValueError("Shapes differ.\nAt length.")), lambda _: None, Control())
    assert (result.status, result.sentence) == ("failed", "ValueError: Shapes differ.")
    assert "in run\n" in result.facts[TRACEBACK]
    assert attempt(trial(), raising(KeyError()), lambda _: None, Control()).sentence == "KeyError: no message"


@pytest.mark.parametrize("error", [UserError("No file."), Refusal("No GPU.")])
def test_a_mistake_ends_one_trial(error: UserError) -> None:
    with pytest.raises(UserError, match=str(error)):
        attempt(trial(), raising(error), lambda _: None, Control())


def test_among_many_trials_a_mistake_is_an_outcome() -> None:
    assert attempt_in_sweep(trial(), raising(UserError("No file.")), lambda _: None, Control()) == Outcome.of(
        trial(), "failed", "No file."
    )
    assert attempt_in_sweep(trial(), raising(Refusal("No GPU.")), lambda _: None, Control()).status == "refused"


def test_a_stop_by_the_user_is_none() -> None:
    def stopped(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt_in_sweep(trial(), stopped, lambda _: None, Control())


def test_a_stopped_trial_is_interrupted() -> None:
    assert attempt(trial(), raising(Stopped("It was stopped.")), lambda _: None, Control()) == Outcome.of(
        trial(), "interrupted", "It was stopped."
    )
