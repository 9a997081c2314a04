import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.records import system_metrics
from gatebench.records.home import Home
from gatebench.records.mlflow_entry import read_outcome
from gatebench.records.system_metrics import SystemMetrics
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


class FakeMonitor:
    """Replaces MLflow's monitor, which needs psutil, and keeps the calls."""

    calls: list[tuple[str, str]]

    def __init__(self, run: str, **settings: Any) -> None:
        assert settings["tracking_uri"].startswith("sqlite:///")
        self.run = run

    def start(self) -> None:
        self.calls.append(("start", self.run))

    def finish(self) -> None:
        self.calls.append(("finish", self.run))


def test_every_open_run_is_measured_until_it_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[str, str]] = []
    FakeMonitor.calls = calls
    module = SimpleNamespace(SystemMetricsMonitor=FakeMonitor)
    monkeypatch.setitem(sys.modules, "mlflow.system_metrics.system_metrics_monitor", module)
    monkeypatch.setattr(system_metrics, "find_spec", lambda name: object())
    record = Record(Home(tmp_path), "mine", system_metrics=True)
    record.begin(LSTM)
    record.begin(GRU)
    first, second = record.run_of(LSTM), record.run_of(GRU)
    record.end(LSTM, outcome(LSTM))
    record.interrupt("The user stopped it.")
    assert calls == [("start", first), ("start", second), ("finish", first), ("finish", second)]


def test_without_psutil_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_metrics, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="system_metrics=true needs the package psutil"):
        SystemMetrics("sqlite:///a.db")


def test_system_metrics_are_no_results() -> None:
    metrics = {"system/cpu_utilization_percentage": 50.0, "test/accuracy": 0.5}
    assert read_outcome("FINISHED", {}, metrics, {}).metrics == {"test/accuracy": 0.5}


@pytest.mark.skipif(find_spec("psutil") is None, reason="psutil is not installed")
def test_mlflow_measures_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(system_metrics, "SECONDS", 0.05)
    monkeypatch.setattr(system_metrics, "MEASUREMENTS", 2)
    record = Record(Home(tmp_path), "mine", system_metrics=True)
    record.begin(LSTM)
    run = record.run_of(LSTM)
    monitor = record.system_metrics
    assert monitor is not None
    thread = monitor._monitors[run]._process
    deadline = time.monotonic() + 60
    while "system/cpu_utilization_percentage" not in record.client.get_run(run).data.metrics:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert thread.is_alive()  # it runs until the end of the trial
    record.end(LSTM, outcome(LSTM))
    assert not thread.is_alive()
    (found,) = record.outcomes()
    assert not any(name.startswith("system/") for name in found.metrics)
