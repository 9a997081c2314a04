from typing import get_args

from gatebench.outcome import RESULTS, Outcome, Status
from gatebench.task import Metric
from tests.launch.trials import trial


def test_a_divergence_is_a_result_and_a_failure_is_none() -> None:
    found = {status for status in get_args(Status) if Outcome("d", "c", "e", "t", 0, status).has_result}
    assert found == set(RESULTS) == {"finished", "diverged"}


def test_an_outcome_is_of_its_trial() -> None:
    gru = trial("gru", seed=4)
    outcome = Outcome.of(gru, "interrupted", "It was stopped.")
    assert (outcome.digest, outcome.cell, outcome.cell_digest) == (gru.digest, "gru", gru.build_cell().digest)
    assert (outcome.task, outcome.seed) == ("digits", 4)
    assert (outcome.metric, outcome.chance) == (Metric("accuracy", "max"), 0.1)
    assert (outcome.status, outcome.sentence, outcome.metrics) == ("interrupted", "It was stopped.", {})
