from dataclasses import replace

from gatebench.outcome import STOPPED_AFTER
from launch.config.compose import expand
from launch.search_sentences import following_sentence, frozen_sentence, missing_sentence, stopped_sentence
from tests.launch.trials import outcome, trial

RATE = "training.learning_rate=tag(log,interval(1e-4,1e-1))"


def test_the_sentences_name_the_reason_and_the_number() -> None:
    plan = expand(["cell=lstm", RATE, "trials=5", "search.sampler=tpe", "search.batch=2"])
    assert following_sentence(plan) == (
        "3 further trials follow: search.sampler=tpe draws their settings from the validation scores of earlier "
        "trials, in batches of 2 draws an arm."
    )
    assert missing_sentence(plan).startswith("3 further trials are not drawn, because no trial of the last batch")
    plan = expand(["cell=lstm", RATE, "trials=2", "search.stop=asha", "search.batch=1"])
    assert following_sentence(plan) == (
        "1 further trial follows: search.stop=asha compares it with earlier trials, in batches of 1 draw an arm."
    )
    assert missing_sentence(plan).startswith("1 further trial is not drawn")
    assert frozen_sentence(replace(plan, frozen=frozenset("a"))).startswith("1 trial without a result is not run again")
    assert frozen_sentence(replace(plan, frozen=frozenset("ab"))).startswith("2 trials without a result are")


def test_stopped_trials_are_counted_once() -> None:
    stopped = [replace(outcome(trial(seed=seed)), facts={STOPPED_AFTER: "2"}) for seed in (0, 1, 1)]
    assert stopped_sentence([outcome(trial())]) is None
    assert stopped_sentence([outcome(trial()), stopped[0]]) == "1 trial was stopped early by search.stop."
    assert stopped_sentence(stopped) == "2 trials were stopped early by search.stop."
