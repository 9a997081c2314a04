"""Epochs to a server with gatebench's plugin, to one without it, and to one that fails."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf, nan
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mlflow.exceptions import MlflowException

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records import mlflow_server
from gatebench.records.epoch_batch import PATH, read_body
from gatebench.records.home import Home
from gatebench.records.record import Record
from gatebench.records.spool.run_requests import RunRequests
from gatebench.records.spool.server_requests import ServerRequests
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.sqlite_requests import requests_of
from gatebench.records.spool.study_drain import StudyDrain
from gatebench.records.sqlite_schema import create_tables
from tests.gatebench.records.spool.attempts import OWNER
from tests.gatebench.records.spool.fake_store import FakeClient, FakeRecord
from tests.gatebench.records.spool.mlflow_server_process import free_port, wait_for_server
from tests.gatebench.records.spool.test_sqlite_requests import rows_of, write
from tests.launch.trials import outcome, trial

RUN = "a" * 32
LOG_BATCH = "/api/2.0/mlflow/runs/log-batch"
WITHOUT_PLUGIN = "import sys, uvicorn; uvicorn.run('mlflow.server.fastapi_app:app', port=int(sys.argv[1]))"


class Stub(ThreadingHTTPServer):
    """A server that answers each request with a state and a text.

    Attributes:
        answers: {path: (state, text)}.
        requests: (path, header with the credentials, body) of each request.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, str]] = {PATH: (200, '{"refused": {}}'), LOG_BATCH: (200, "{}")}
        self.requests: list[tuple[str, str | None, bytes]] = []

    def bodies(self, path: str) -> list[bytes]:
        return [body for at, _, body in self.requests if at == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        stub = cast(Stub, self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        stub.requests.append((self.path, self.headers.get("Authorization"), body))
        state, text = stub.answers[self.path]
        self.send_response(state)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with Stub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def requests_to(stub: Stub) -> ServerRequests:
    record = SimpleNamespace(uri=f"http://127.0.0.1:{stub.server_port}")
    return ServerRequests(cast(Record, record))


def epochs(number: int, metrics: int = 35) -> list[Epoch]:
    return [
        Epoch("", n, number, {f"m{m}": 0.1 * m + n for m in range(metrics)} | {"nan": nan, "inf": inf}, 1.5 + n)
        for n in range(number)
    ]


def write_one(requests: ServerRequests, written: list[Epoch]) -> None:
    with requests.turn():
        requests.write_epochs(RUN, written)


def test_the_plugin_gets_many_epochs_in_one_request(stub: Stub) -> None:
    requests = requests_to(stub)
    write_one(requests, epochs(100))
    (body,) = stub.bodies(PATH)
    rows, _ = read_body(body)
    assert len(rows[RUN]) == 100 * 36
    assert rows[RUN][:2] == [("m0", 0.0, 1500, 0, False, RUN), ("m1", 0.1, 1500, 0, False, RUN)]
    assert stub.bodies(LOG_BATCH) == []
    stub.answers[PATH] = (200, json.dumps({"refused": {RUN: "It is gone."}}))
    with pytest.raises(UserError, match=r"^It is gone\.$"):
        write_one(requests, epochs(1))


@pytest.mark.parametrize("state", [404, 405, 413, 501])
def test_a_server_without_the_plugin_gets_the_requests_of_mlflow(stub: Stub, state: int) -> None:
    requests = requests_to(stub)
    stub.answers[PATH] = (state, "<html>")
    for _ in range(2):
        write_one(requests, epochs(100))
    assert len(stub.bodies(PATH)) == 1
    bodies = [json.loads(body) for body in stub.bodies(LOG_BATCH)]
    assert [len(body["metrics"]) for body in bodies] == [1000, 1000, 1000, 600] * 2
    assert {body["run_id"] for body in bodies} == {RUN}
    assert bodies[0]["metrics"][1] == {"key": "m1", "value": 0.1, "timestamp": 1500, "step": 0}
    assert bodies[0]["metrics"][35]["value"] == "NaN"


@pytest.mark.parametrize("state", [400, 403, 500, 503])
def test_an_error_is_raised_and_the_plugin_is_asked_again(stub: Stub, state: int) -> None:
    requests = requests_to(stub)
    stub.answers[PATH] = (state, json.dumps({"error_code": "INTERNAL_ERROR", "message": "Oh."}))
    for number in (1, 2):
        with pytest.raises(MlflowException):
            write_one(requests, epochs(1))
        assert len(stub.requests) == number
    stub.answers[PATH] = (200, '{"refused": {}}')
    write_one(requests, epochs(1))
    assert stub.bodies(LOG_BATCH) == []


def test_credentials_come_from_the_environment(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = requests_to(stub)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "token")
    write_one(requests, epochs(1))
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    stub.answers[PATH] = (404, "")
    write_one(requests, epochs(1))
    assert [header for _, header, _ in stub.requests] == ["Bearer token", *["Basic bWU6c2VjcmV0"] * 2]


@contextmanager
def running(command: list[str], home: Home) -> Iterator[str]:
    """Run a server with the records in a home; its address is the value."""
    create_tables(home.database)
    environment = {**os.environ, **mlflow_server.environment(home.tracking_uri, home.artifacts)}
    port = free_port()
    with (home.root / "log").open("wb") as log:
        process = subprocess.Popen([*command, str(port)], env=environment, stdout=log, stderr=log)
    try:
        wait_for_server(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.slow
def test_the_rows_on_a_real_server_are_those_that_the_client_writes(tmp_path: Path) -> None:
    """The plugin, MLflow's request that is made here, and MLflow's client write the same rows, each twice."""
    commands = {"plugin": mlflow_server.command(0)[:-1], "plain": [sys.executable, "-c", WITHOUT_PLUGIN]}
    found = {}
    for name, command in commands.items():
        home = Home(tmp_path / name)
        home.root.mkdir()
        with running(command, home) as address:
            requests = requests_of(Record(home, "mine", address))
            assert isinstance(requests, ServerRequests)
            with requests.turn():
                run, _ = write(requests)
                requests.delete(run)
                with pytest.raises((UserError, MlflowException), match=r"not in the records|'active' state"):
                    requests.write_epochs(run, epochs(1))
                requests._record.client.restore_run(run)
            assert requests._has_plugin == (name == "plugin")
        found[name] = rows_of(Record(home, "mine"))
    home = Home(tmp_path / "client")
    home.root.mkdir()
    client = Record(home, "mine")
    write(RunRequests(client))
    client_rows = rows_of(client)
    for name, rows in found.items():
        for table in ("metrics", "latest_metrics", "tags", "params", "datasets", "input_tags"):
            assert rows[table] == client_rows[table], (name, table)
    assert len(client_rows["metrics"]) == 3 * 2 + 2 + 2


def test_a_drain_joins_the_epochs_of_several_trials(stub: Stub, tmp_path: Path) -> None:
    home, client = Home(tmp_path), FakeClient()
    spool = Spool(home, "mine", "home")
    trials = [trial("lstm", seed=seed) for seed in range(40)]
    for number, one in enumerate(trials):
        spool.begin(one, f"{number:012x}", OWNER, 5.0)
        for epoch in range(5):
            spool.epoch(
                f"{number:012x}", Epoch(one.digest, epoch, 5, {"val/accuracy": number + epoch / 8}, 6.0 + epoch)
            )
    drain = StudyDrain(FakeRecord(home, client, f"http://127.0.0.1:{stub.server_port}"), spool)  # type: ignore[arg-type]
    drain.round()
    for number, one in enumerate(trials):
        spool.end(f"{number:012x}", outcome(one, when=9.0))
    assert drain.round()
    assert drain.report.recorded == 40
    found: dict[str, list[float]] = {}
    for body in stub.bodies(PATH):
        rows, _ = read_body(body)
        for run in rows:
            found.setdefault(run, []).extend(row[1] for row in rows[run])
    expected = {f"{number:012x}": [number + epoch / 8 for epoch in range(5)] for number in range(40)}
    assert {client.runs[run]["tags"]["attempt"]: values for run, values in found.items()} == expected
    assert len(stub.requests) < 40
