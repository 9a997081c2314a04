from dataclasses import replace
from math import inf

from gatebench.outcome import STOPPED_AFTER
from gatebench.search.stopping import Reference
from gatebench.task import Metric
from launch.config.past_trials import PastTrials, no_past
from launch.config.settings import Settings
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


def past(*outcomes: object) -> PastTrials:
    return PastTrials.of(outcomes, lambda metric: {LSTM.digest: [0.25, 0.5]})  # type: ignore[arg-type]


def test_a_result_counts_more_than_a_failure_and_an_interrupted_trial_has_not_ended() -> None:
    assert no_past(Settings()).end(LSTM) == "open"
    assert past(outcome(LSTM, "interrupted"), outcome(LSTM, "lost")).end(LSTM) == "open"
    assert past(outcome(LSTM, "refused")).end(LSTM) == "none"
    assert past(outcome(LSTM, "failed"), outcome(LSTM), outcome(LSTM, "failed")).end(LSTM) == "result"


def test_the_loss_is_the_validation_score_with_its_sign() -> None:
    assert past(outcome(LSTM, score=0.75)).loss(LSTM) == -0.75
    assert past(outcome(LSTM, "diverged", metrics={"best/val/accuracy": 0.75})).loss(LSTM) == inf
    assert past(outcome(LSTM, "failed")).loss(LSTM) is None
    assert past().loss(GRU) is None
    series = trial(task={"_target_": "tasks.synthetic.adding.Adding"})
    assert series.build_task().metrics[0] == Metric("mse", "min", low=0)
    assert past(outcome(series, metrics={"best/val/mse": 0.25})).loss(series) == 0.25


def test_the_references_are_the_finished_trials_once() -> None:
    stopped = replace(outcome(LSTM), facts={STOPPED_AFTER: "2"}, metrics={"epochs": 2.0})
    found = past(stopped, outcome(GRU, "diverged")).references([LSTM, GRU, LSTM, trial("mgu")])
    assert found == [Reference([0.25, 0.5], stopped=True)]
