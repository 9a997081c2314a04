from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.saved.best_trial import best_trial
from tests.launch.trials import outcome, trial


def scored(seed: int, validation: float, test: float = 0.5) -> Outcome:
    one = outcome(trial(seed=seed), score=test)
    return replace(one, metrics={**one.metrics, "best/val/accuracy": validation})


def test_the_best_is_chosen_by_validation_alone() -> None:
    trials = [scored(0, 0.7, 0.9), scored(1, 0.8, 0.1), scored(2, 0.8, 0.9), outcome(trial(seed=3), "failed")]
    assert best_trial(trials).seed == 1


def test_trials_without_a_best_one_are_refused() -> None:
    with pytest.raises(UserError, match="None of these 1 trials has finished"):
        best_trial([outcome(trial(), "failed")])
    other = replace(scored(0, 0.5), task="parity")
    with pytest.raises(UserError, match="tasks have no best one: digits, parity; choose one by task="):
        best_trial([scored(1, 0.5), other])
