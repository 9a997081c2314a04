import pytest

from gatebench.outcome import Status
from launch.running.states import STATES, State, states_of, summary
from tests.launch.trials import outcome, trial

TRIAL = trial()


@pytest.mark.parametrize(
    ("statuses", "running", "state"),
    [
        ([], False, "planned"),
        ([], True, "running"),
        (["finished"], False, "done"),
        (["diverged"], False, "diverged"),
        (["failed"], False, "failed"),
        (["failed", "lost"], False, "lost"),
        (["lost", "finished"], False, "done"),
        (["finished", "failed"], False, "done"),
        (["diverged", "finished"], False, "done"),
        (["interrupted"], True, "running"),
        (["refused"], False, "refused"),
    ],
)
def test_the_state_follows_from_the_outcomes(statuses: list[Status], running: bool, state: State) -> None:
    outcomes = [outcome(TRIAL, status) for status in statuses]
    found = states_of([TRIAL.digest], [*outcomes, outcome(trial("gru"))], {TRIAL.digest, "other"} if running else set())
    assert found == {TRIAL.digest: state}


def test_the_summary_counts_in_a_fixed_order() -> None:
    assert summary(["failed", "planned", "planned", "done"]) == "2 planned, 1 done, 1 failed"
    assert summary([]) == ""
    assert summary(STATES).count(",") == len(STATES) - 1
