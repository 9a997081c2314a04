from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from launch.chosen_trial import chosen_trial
from launch.config.compose import expand
from tests.launch.trials import MNIST, outcome, trial

WORST, BEST = outcome(trial("lstm", 0), score=0.4), outcome(trial("lstm", 1), score=0.6)
GRU = outcome(trial("gru", 0), score=0.9)
DIVERGED = outcome(trial("lstm", 2), "diverged")


def chosen(*overrides: str, of: list[Outcome] | None = None) -> Outcome:
    return chosen_trial(expand(["study=mine", *overrides]), of or [WORST, BEST, GRU, DIVERGED]).outcome


def test_the_best_trial_by_validation_is_chosen() -> None:
    assert chosen() is GRU
    assert chosen("cell=lstm") is BEST
    assert chosen("cell=lstm", "task=digits") is BEST
    assert chosen("cell=lstm", "seed=0,1", "model.hidden_size=4", "training.max_epochs=3") is BEST
    assert chosen("cell=lstm", "seed=0", "model.hidden_size=4", "training.max_epochs=3") is WORST
    assert chosen(f"digest={WORST.digest[:9]}") is WORST
    assert chosen("seed=2", "cell=lstm", "model.hidden_size=4", "training.max_epochs=3") is DIVERGED
    error = replace(BEST, metric=replace(BEST.metric, direction="min"))  # type: ignore[type-var]
    assert chosen("cell=lstm", of=[error, replace(WORST, metric=error.metric)]).seed == 0


MISTAKES = {
    "cell=mgu": "The study 'mine' has no trial with these settings; its cells are lstm, gru, and its tasks digits.",
    "task=parity": "The study 'mine' has no trial with these settings; its cells are lstm, gru, and its tasks digits.",
    "seed=9": "The study 'mine' has no trial with these settings; its cells",
    "digest=xyz": "The study 'mine' has no trial 'xyz'",
}


@pytest.mark.parametrize("override", MISTAKES)
def test_a_trial_that_is_not_there_has_a_sentence(override: str) -> None:
    with pytest.raises(UserError) as caught:
        chosen(override)
    assert str(caught.value).startswith(MISTAKES[override])


def test_trials_of_several_tasks_and_trials_without_a_score_are_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatebench.task.Task.checksums", lambda self: {})
    other = outcome(trial("lstm", task=MNIST))
    with pytest.raises(
        UserError, match="Trials of several tasks have no best one: digits, sequential_mnist; choose one by task="
    ):
        chosen(of=[BEST, other])
    assert chosen("task=sequential_mnist", of=[BEST, other]) is other
    with pytest.raises(UserError, match="None of these 2 trials has finished, so that none of them is the best"):
        chosen(of=[DIVERGED, replace(GRU, metric=None)])


def test_the_choice_is_told_unless_the_settings_name_the_trial() -> None:
    plan = expand(["study=mine", "cell=lstm"])
    assert chosen_trial(plan, [WORST, BEST, GRU]).sentence == (
        f"The trial {BEST.digest} is the best by validation among the 2 trials of the study that have these settings."
    )
    assert chosen_trial(plan, [BEST]).sentence == f"The trial {BEST.digest} is the best by validation."
    named = expand(["study=mine", "cell=lstm", "seed=1", "model.hidden_size=4", "training.max_epochs=3"])
    assert chosen_trial(named, [WORST, BEST, GRU]).sentence == ""
