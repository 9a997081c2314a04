import threading
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from gatebench.records.epoch_batch import Point
from gatebench.records.spool.joint_request import JointRequests

SECONDS = 30.0


class Server:
    """Keeps the first request until it is let go."""

    def __init__(self) -> None:
        self.requests: list[dict[str, list[Point]]] = []
        self.arrived, self.goes_on = threading.Event(), threading.Event()
        self.running = self.most_running = 0
        self.error: Exception | None = None

    def send(self, runs: Mapping[str, Sequence[Point]]) -> Mapping[str, str]:
        self.requests.append({run: list(points) for run, points in runs.items()})
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.arrived.set()
        assert self.goes_on.wait(SECONDS)
        self.running -= 1
        if self.error is not None:
            raise self.error
        return {run: "no such run" for run in runs if run.startswith("wrong")}


def points(number: int) -> list[Point]:
    return [(step, 1, {"a": 1.0, "b": 2.0}) for step in range(number)]


def in_threads(calls: Mapping[str, Callable[[], object]]) -> tuple[list[threading.Thread], dict[str, object]]:
    """Start the calls in the order in which they are given. The results arrive in the second value."""
    results: dict[str, object] = {}

    def run(name: str, call: Callable[[], object]) -> None:
        try:
            results[name] = call()
        except Exception as error:
            results[name] = error

    threads = [threading.Thread(target=run, args=item, daemon=True) for item in calls.items()]
    for thread in threads:
        thread.start()
    return threads, results


def calls_for(joint: JointRequests, runs: Sequence[str], epochs: int) -> dict[str, Callable[[], object]]:
    return {run: (lambda run=run: joint.write(run, points(epochs))) for run in runs}  # type: ignore[misc]


def joined(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_epochs_that_arrive_during_a_request_go_together() -> None:
    server = Server()
    joint = JointRequests(server.send, most=1000, at_once=1)
    first, results = in_threads(calls_for(joint, ["first"], 3))
    assert server.arrived.wait(SECONDS)
    later, later_results = in_threads(calls_for(joint, ["a", "b", "wrong", "c"], 3))
    wait_until(lambda: len(joint._next.runs) == 4)
    server.goes_on.set()
    joined([*first, *later])
    assert [set(request) for request in server.requests] == [{"first"}, {"a", "b", "wrong", "c"}]
    assert all(request[run] == points(3) for request in server.requests for run in request)
    assert results == {"first": None}
    assert later_results == {"a": None, "b": None, "c": None, "wrong": "no such run"}


def test_a_request_has_no_more_metrics_than_allowed_and_few_run_at_once() -> None:
    server = Server()
    joint = JointRequests(server.send, most=10, at_once=2)
    threads, results = in_threads(calls_for(joint, [f"run{n}" for n in range(9)], 2))
    wait_until(lambda: server.running == 2)
    server.goes_on.set()
    joined(threads)
    sent = [run for request in server.requests for run in request]
    assert sorted(sent) == [f"run{n}" for n in range(9)]
    assert all(len(request) <= 2 for request in server.requests)
    assert server.most_running == 2
    assert set(results.values()) == {None}
    assert joint.write("large", points(100)) is None
    assert len(server.requests[-1]["large"]) == 100


def test_an_error_reaches_all_threads_of_the_request_and_not_the_next_one() -> None:
    server = Server()
    server.error = ConnectionError("gone")
    joint = JointRequests(server.send, most=1000, at_once=1)
    first, results = in_threads(calls_for(joint, ["first"], 1))
    assert server.arrived.wait(SECONDS)
    later, later_results = in_threads(calls_for(joint, ["a", "b"], 1))
    wait_until(lambda: len(joint._next.runs) == 2)
    server.goes_on.set()
    joined([*first, *later])
    assert {str(error) for error in (results | later_results).values()} == {"gone"}
    server.error = None
    assert joint.write("a", points(1)) is None


@pytest.mark.parametrize("at_once", [1, 3])
def test_one_thread_alone_sends_at_once(at_once: int) -> None:
    server = Server()
    server.goes_on.set()
    joint = JointRequests(server.send, 10, at_once)
    assert [joint.write(run, points(4)) for run in ("a", "a", "wrong")] == [None, None, "no such run"]
    assert len(server.requests) == 3
