from math import nan
from pathlib import Path

import pytest

from gatebench.task import Metric
from gatebench.training.learner import Learner
from gatebench.training.outcome_metrics import best_epoch_metrics, parameter_counts, run_facts
from tests.gatebench.training.sign import TRIAL, Sign


@pytest.fixture
def learner() -> Learner:
    return Learner(TRIAL, Sign().load(Path()))


@pytest.mark.parametrize(("direction", "best"), [("max", 2), ("min", 1)])
def test_the_best_epoch_is_found_past_what_is_no_number(learner: Learner, direction: str, best: int) -> None:
    scores = [nan, 0.25, 0.75, 0.5]
    learner.history = [{"train/loss": 1.0, "val/score": s, "gate/l0/f/mean": k / 10} for k, s in enumerate(scores)]
    found = best_epoch_metrics(learner, Metric("score", direction))  # type: ignore[arg-type]
    assert found == {"best/epoch": best, "best/val/score": scores[best], "gate/l0/f/mean": best / 10}


def test_the_parameter_counts_are_of_what_is_learnt(learner: Learner) -> None:
    recurrent = 4 * (8 * 1 + 8 * 8 + 8)
    assert parameter_counts(learner) == {"parameters": recurrent + 8 * 2 + 2, "parameters/recurrent": recurrent}


def test_the_facts_of_a_run_name_the_data_and_the_device(learner: Learner) -> None:
    found = run_facts(learner)
    assert found["data/made"] == "0"
    assert found["dtype"] == "float32"
    assert found["device"]
    assert int(found["threads"]) >= 1
