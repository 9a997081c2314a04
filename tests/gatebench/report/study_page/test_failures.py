from math import nan

from gatebench.report.study_page.failures import Failure, failures
from tests.gatebench.report.studies import outcome


def test_equal_ends_are_one_row_and_scores_have_none() -> None:
    trials = [outcome("lstm", 0, 0.5)]
    trials += [outcome("gru", seed, 0.5, status="failed", sentence="Out of\nmemory.") for seed in (3, 1)]
    trials += [outcome("gru", 5, nan), outcome("gru", 6, 0.5, status="diverged")]
    assert failures(trials) == [
        Failure("gru", "sentiment", "failed", "Out of memory.", "1, 3", "sentimen, sentimen"),
        Failure("gru", "sentiment", "without a score", "test/accuracy is nan", "5", "sentimen"),
        Failure("gru", "sentiment", "diverged", "no message", "6", "sentimen"),
    ]


def test_a_missing_score_is_a_failure_unless_the_metric_is_unknown() -> None:
    other = outcome("gru", 0, 0.5, metrics={})
    lacking = [one.reason for one in failures([type(other)(**{**vars(other), "metrics": {}})])]
    assert lacking == ["it has no test/accuracy"]
    assert failures([type(other)(**{**vars(other), "metrics": {}, "metric": None})]) == []
