"""A real tracking server that is killed while a drain writes to it, and comes back."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.record import Record
from gatebench.records.spool import drain as module
from gatebench.records.spool.drain import Drain
from gatebench.records.spool.spool import Spool
from tests.gatebench.records.spool.attempts import OWNER
from tests.gatebench.records.test_mlflow_model import CONTENT
from tests.launch.trials import outcome, trial

TRIALS, EPOCHS = 12, 8
START_SECONDS = 180.0
DEATHS = (2.0, 5.0, 9.0)
"""The times in seconds after its start at which the server is killed."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def server(folder: Path, port: int) -> Iterator[None]:
    """Run MLflow's server in the block; all its processes are killed at the end."""
    folder.mkdir(exist_ok=True)
    options = {"--port": str(port), "--workers": "1", "--backend-store-uri": f"sqlite:///{folder / 'store.db'}"}
    options |= {"--artifacts-destination": str(folder / "files"), "--host": "127.0.0.1"}
    command = [sys.executable, "-m", "mlflow", "server", *(part for item in options.items() for part in item)]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        wait_for(port)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail("MLflow's server has not started")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_server_that_dies_and_comes_back_has_each_trial_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUND_SECONDS", 0.2)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 1.0)
    home, port = Home(tmp_path / "home"), free_port()
    address = f"http://127.0.0.1:{port}"
    spool = Spool(home, "mine", address)
    trials = [trial("lstm", seed=seed) for seed in range(TRIALS)]
    for seed, one in enumerate(trials):
        attempt = f"{seed:012x}"
        spool.begin(one, attempt, OWNER, 1000.0 + seed)
        for epoch in range(EPOCHS):
            metrics = {f"gate/l0/f/statistic{n}": 0.1 * n + epoch for n in range(34)} | {"val/accuracy": 0.1 * epoch}
            spool.epoch(attempt, Epoch(one.digest, epoch, EPOCHS, metrics, 1001.0 + seed + epoch))
        files = {WEIGHTS: CONTENT, "gates.npz": b"gates"}
        spool.end(attempt, outcome(one, files=files, when=2000.0 + seed))
    with Drain(Record(home, "mine", address), spool, OWNER) as drain:
        for seconds in DEATHS:
            with server(tmp_path / "server", port):
                time.sleep(seconds)
        with server(tmp_path / "server", port):
            until = time.monotonic() + 600
            while drain.waiting() and time.monotonic() < until:
                time.sleep(0.5)
            assert drain.waiting() == 0, drain.problem
            record = Record(home, "mine", address)
            runs = record.client.search_runs([record.experiment_id])
            models = record.client.search_logged_models([record.experiment_id])
            curves = record.curves("val/accuracy")
            histories = [record.client.get_metric_history(run.info.run_id, "gate/l0/f/statistic7") for run in runs]
            found = record.outcomes()
            gates = [record.file(one.digest, "gates.npz") for one in trials]
    assert sorted(run.data.tags["attempt"] for run in runs) == [f"{seed:012x}" for seed in range(TRIALS)]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.info.start_time for run in runs} == {1_000_000 + 1000 * seed for seed in range(TRIALS)}
    assert {run.info.end_time for run in runs} == {2_000_000 + 1000 * seed for seed in range(TRIALS)}
    assert sorted(model.source_run_id for model in models) == sorted(run.info.run_id for run in runs)
    assert all(len(run.outputs.model_outputs) == 1 and len(run.inputs.dataset_inputs) == 1 for run in runs)
    assert {one.digest for one in found} == {one.digest for one in trials} == set(curves)
    assert all(curve == [0.1 * epoch for epoch in range(EPOCHS)] for curve in curves.values())
    assert all(len(history) == EPOCHS for history in histories)
    assert gates == [b"gates"] * TRIALS
    assert drain.report.recorded == TRIALS
