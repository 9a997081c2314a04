from dataclasses import replace
from typing import cast

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.trial import Trial
from launch.config.compose import Plan, expand
from launch.running.later_trials import LOOK_SECONDS, LaterTrials
from launch.running.trial_monitor import TrialMonitor
from tests.launch.trials import outcome


class FakeMonitor:
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.expected: list[Trial] = []

    def expect(self, trials: list[Trial]) -> None:
        self.expected += trials


def test_new_trials_are_looked_for_when_one_has_ended_or_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = expand(["cell=lstm,gru", "seed=0"])
    lstm, gru = whole.trials
    first = replace(whole, trials=(lstm,), following=1, awaited=(frozenset([lstm.digest]), frozenset(["other"])))
    plans = [first, replace(first, awaited=()), replace(first, awaited=()), whole]
    clock, looks = [100.0], [0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])

    def replan() -> Plan:
        looks[0] += 1
        return plans[looks[0]]

    monitor = FakeMonitor()
    later = LaterTrials(plans[0], replan, cast(TrialMonitor, monitor))
    assert (later(nothing_runs=False), looks[0]) == ([], 0)
    monitor.outcomes.append(outcome(lstm))
    assert (later(nothing_runs=False), looks[0]) == ([], 1)
    assert (later(nothing_runs=False), looks[0]) == ([], 1)
    clock[0] += LOOK_SECONDS
    assert (later(nothing_runs=False), looks[0]) == ([], 2)
    assert (later(nothing_runs=True), looks[0]) == ([gru], 3)
    assert later.plan == whole
    assert monitor.expected == [gru]
    assert (later(nothing_runs=True), looks[0]) == ([], 3)  # no trial follows


def test_trials_that_run_go_on_if_the_records_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    plan = expand(["cell=lstm", "seed=0"])
    digest = plan.trials[0].digest

    def replan() -> Plan:
        raise UserError("The server does not answer.")

    monitor = FakeMonitor()
    later = LaterTrials(replace(plan, following=1, awaited=(frozenset([digest]),)), replan, cast(TrialMonitor, monitor))
    for _ in range(2):
        monitor.outcomes.append(outcome(plan.trials[0]))
        assert later(nothing_runs=False) == []
    assert capsys.readouterr().err == "The next batch is not known yet: The server does not answer.\n"
    with pytest.raises(UserError, match="does not answer"):
        later(nothing_runs=True)
