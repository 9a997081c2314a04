from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException

from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.record import Record
from gatebench.records.run_content import RunContent
from gatebench.records.spool.run_requests import METRICS_PER_REQUEST, RunRequests, in_requests, milliseconds
from tests.gatebench.records.spool.attempts import FIRST, SECOND
from tests.launch.trials import trial

LSTM = trial("lstm")


def epochs(number: int, metrics: int) -> list[tuple[Epoch, int]]:
    return [
        (Epoch("", epoch, number, {str(n): 0.0 for n in range(metrics)}), 10 * epoch + 10) for epoch in range(number)
    ]


def test_epochs_are_sent_many_at_a_time() -> None:
    groups = list(in_requests(epochs(100, 35)))
    assert [len(group) for group, _ in groups] == [28, 28, 28, 16]
    assert [end for _, end in groups] == [280, 560, 840, 1000]
    assert [len(group) for group, _ in in_requests(epochs(3, METRICS_PER_REQUEST + 1))] == [1, 1, 1]
    assert list(in_requests([])) == []


def test_times_are_whole_milliseconds() -> None:
    assert milliseconds(1.2345) == 1234


def test_requests_to_a_real_store_can_be_sent_again(tmp_path: Path) -> None:
    requests = RunRequests(record := Record(Home(tmp_path), "mine"))
    content = RunContent.of(LSTM, {"attempt": FIRST, "owner": "o"})
    run = requests.create(content, 5.0)
    deleted = requests.create(RunContent.of(LSTM, {"attempt": SECOND, "owner": "o"}), 5.0)
    requests.delete(deleted)
    for _ in range(2):
        requests.open(run, content)
        requests.write_epochs(run, [epoch for epoch, _ in epochs(30, 40)])
        requests.write_end(run, {"test/accuracy": 0.5}, {"status": "finished"}, 9.0)
    assert requests.runs_of_attempt(FIRST) == [run]
    (found,) = requests.runs_of_trial(LSTM.digest)
    assert (found.run, found.attempt, found.owner, found.is_open, found.has_result) == (run, FIRST, "o", True, True)
    requests.close(run, "FINISHED", 9.0)
    (found,) = requests.runs_of_trial(LSTM.digest)
    assert not found.is_open
    assert requests.attempts() == {FIRST, SECOND}
    assert [requests.is_there(one) for one in (run, deleted, "0" * 32)] == [True, None, False]
    assert requests.answers()
    stored = record.client.get_run(run)
    assert (stored.info.start_time, stored.info.end_time) == (5000, 9000)
    assert len(record.client.get_metric_history(run, "7")) == 30
    assert len(stored.inputs.dataset_inputs) == 1
    (outcome,) = record.outcomes()
    assert outcome.metrics["test/accuracy"] == 0.5
    assert outcome.facts == {}


@pytest.mark.parametrize(("failures", "message"), [(2, ""), (3, "UniqueViolation"), (1, "no such run")])
def test_a_dataset_that_another_run_makes_at_the_same_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, message: str
) -> None:
    requests = RunRequests(record := Record(Home(tmp_path), "mine"))
    content = RunContent.of(LSTM, {"attempt": FIRST, "owner": "o"})
    run, write, calls = requests.create(content, 5.0), record.client.log_inputs, 0

    def log_inputs(*arguments: Any, **options: Any) -> None:
        nonlocal calls
        calls += 1
        if calls <= failures:
            raise MlflowException(message or "UniqueViolation: duplicate key value violates unique constraint")
        write(*arguments, **options)

    monkeypatch.setattr(record.client, "log_inputs", log_inputs)
    if message:
        with pytest.raises(MlflowException, match=message):
            requests.open(run, content)
    else:
        requests.open(run, content)
        assert len(record.client.get_run(run).inputs.dataset_inputs) == 1


def test_a_model_is_found_by_its_run(tmp_path: Path) -> None:
    requests, content = RunRequests(Record(Home(tmp_path), "mine")), RunContent.of(LSTM, {"attempt": FIRST})
    run, other = requests.create(content, 5.0), requests.create(content, 5.0)
    assert requests.find_model(run) is None
    model = requests.create_model(run, content)
    assert requests.find_model(run) == model
    assert requests.find_model(other) is None
