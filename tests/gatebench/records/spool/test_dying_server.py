"""A real tracking server that is killed while a drain writes to it, and comes back."""

import time
from pathlib import Path

import pytest

from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.record import Record
from gatebench.records.spool import drain as module
from gatebench.records.spool.drain import Drain
from gatebench.records.spool.spool import Spool
from tests.gatebench.records.spool.attempts import OWNER
from tests.gatebench.records.spool.mlflow_server_process import free_port, mlflow_server
from tests.gatebench.records.test_mlflow_model import CONTENT
from tests.launch.trials import outcome, trial

TRIALS, EPOCHS = 12, 8
DEATHS = (2.0, 5.0, 9.0)
"""The times in seconds after its start at which the server is killed."""


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
            with mlflow_server(tmp_path / "server", port, ["--workers", "1"]):
                time.sleep(seconds)
        with mlflow_server(tmp_path / "server", port, ["--workers", "1"]):
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
