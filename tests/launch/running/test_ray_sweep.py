import os
import signal
from collections.abc import Callable

import pytest

from gatebench.control import Control
from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.trial import Trial
from launch.config.retry_budgets import RetryBudgets
from launch.events import Event, Started
from launch.running.ray_sweep import run_trials
from launch.running.resources import Resources
from tests.launch.trials import outcome, trial

FINE, MISTAKE, BROKEN, KILLED = range(4)


def run(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    """Do what the trial's seed says."""
    if trial.seed == MISTAKE:
        raise UserError("There is no file.")
    if trial.seed == BROKEN:
        raise ValueError("Shapes differ.")
    for epoch in range(3):
        emit(Epoch(trial.digest, epoch, 3, {"val/accuracy": epoch / 10}))
    if trial.seed == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    return outcome(trial, facts={"process": str(os.getpid()), "threads": os.environ["OMP_NUM_THREADS"]})


def test_trials_run_side_by_side_and_none_stops_another(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    on_term = signal.getsignal(signal.SIGTERM)
    trials = [trial(seed=seed) for seed in (FINE, MISTAKE, BROKEN, KILLED)] + [trial("gru"), trial("rnn_tanh")]
    events: list[Event] = []
    told: list[str] = []
    run_trials(trials, run, Resources(workers=2), events.append, budgets=RetryBudgets(crash=1), report=told.append)

    ends = {event.digest: event for event in events if isinstance(event, Outcome)}
    fine, mistake, broken, killed, gru, rnn = (ends[t.digest] for t in trials)
    assert [o.status for o in (fine, gru, rnn)] == ["finished"] * 3
    assert (mistake.status, mistake.sentence) == ("failed", "There is no file.")
    assert (broken.status, broken.sentence) == ("failed", "ValueError: Shapes differ.")
    assert "in run" in broken.facts[TRACEBACK]
    died = "The trial's process died: it was killed, or it crashed"
    assert killed.sentence == f"{died} (attempt 2; attempt 1: {died})."
    assert told == [f"lstm · digits · seed 3 begins again, attempt 2: {died}."]
    assert {o.facts["threads"] for o in (fine, gru, rnn)} == {"1"}
    for t in (trials[FINE], *trials[4:]):
        of_one = [event for event in events if event.digest == t.digest]
        assert isinstance(of_one[0], Started)
        assert [e.epoch for e in of_one[1:-1] if isinstance(e, Epoch)] == [0, 1, 2]
        assert of_one[-1] is ends[t.digest]
    assert signal.getsignal(signal.SIGTERM) is on_term
    assert capfd.readouterr().out == ""
