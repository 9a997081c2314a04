import pytest

from gatebench.outcome import Outcome
from launch.config.compose import expand
from launch.fitting_outcomes import fitting_outcomes
from tests.launch.trials import outcome

GRID = ["cell=lstm,gru", "seed=0,1", "model.hidden_size=4,8", "training.max_epochs=2"]


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """The outcomes of the grid."""
    return [outcome(trial) for trial in expand(GRID).trials]


@pytest.mark.parametrize(
    ("overrides", "count"),
    [
        ([], 8),
        (["cell=lstm"], 4),
        (["cell=gru", "seed=1"], 2),
        (["cell=gru", "seed=1", "model.hidden_size=8"], 1),
        (["cell=lstm,gru", "seed=0", "model.hidden_size=8"], 2),
        (["task=digits", "model.hidden_size=4"], 4),
        (["training.max_epochs=2"], 8),
        (["training.max_epochs=3"], 0),
        (["cell=lstm", "cell.ablate.i.fix=1"], 0),
        (["task=parity"], 0),
        (["seed=7"], 0),
        (["experiment=quickstart"], 0),
    ],
)
def test_the_trials_with_the_given_settings_are_found(
    overrides: list[str], count: int, outcomes: list[Outcome]
) -> None:
    assert len(fitting_outcomes(expand(overrides), outcomes)) == count


def test_the_trials_of_a_plan_come_before_others_that_fit(outcomes: list[Outcome]) -> None:
    plan = expand(["cell=lstm"])
    known = [*outcomes, *(outcome(trial) for trial in plan.trials)]
    assert [one.digest for one in fitting_outcomes(plan, known)] == [plan.trials[0].digest]
