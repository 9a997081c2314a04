"""Settings that hold for all tests: the same examples at every run, and a home of their own for each test."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: how long an example takes on a shared machine says nothing about the code.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


os.environ["GATEBENCH_TASKS"] = "tests"  # some tests have tasks of their own, also on workers

# A run in the background of a shell is started with Ctrl-C ignored, and hands that on to the processes it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point $GATEBENCH_HOME into the test's own folder, so that nothing is written elsewhere."""
    folder = tmp_path / "home"
    monkeypatch.setenv("GATEBENCH_HOME", str(folder))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return folder
