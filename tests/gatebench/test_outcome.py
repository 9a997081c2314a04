from typing import get_args

from gatebench.outcome import RESULTS, Outcome, Status


def test_a_divergence_is_a_result_and_a_failure_is_none() -> None:
    found = {status for status in get_args(Status) if Outcome("d", "c", "e", "t", 0, status).has_result}
    assert found == set(RESULTS) == {"finished", "diverged"}
