"""Settings that hold for all tests: the same examples at every run, and a home of their own for each test."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

# No deadline: how long an example takes on a shared machine says nothing about the code.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


os.environ["GATEBENCH_TASKS"] = "tests"  # some tests have tasks of their own, also on workers

# The arrays of the tests are small: with several threads, torch spends more time on waking them than on its sums. Tests
# of threads set their number. It is read when torch is imported, here and in the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A run in the background of a shell is started with Ctrl-C ignored, and hands that on to the processes it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Take what exists before the first test out of the garbage collection, which would look at it again and again.

    These are more than a million objects: modules, classes and tests.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Seed torch's global generator, so that a test draws the same numbers in every run and in every order."""
    if "torch" in sys.modules:  # many tests need no torch
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def _configs_parsed_once() -> Iterator[None]:
    """Parse each text of a config once. Hydra parses ten files for each plan, which is a third of the plan's time.

    OmegaConf copies what it gets, so that no plan sees the changes of another one.
    """
    parse, known = yaml.load, {}

    def load(stream: Any, Loader: Any) -> Any:
        if Loader.__name__ != "OmegaConfLoader" or not hasattr(stream, "read"):
            return parse(stream, Loader)
        text = stream.read()
        if text not in known:
            stream.seek(0)  # an error names the file
            known[text] = parse(stream, Loader)
        return known[text]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "load", load)
        yield


HOMES = count()


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point $GATEBENCH_HOME to a folder of the test's own, so that nothing is written elsewhere.

    It does not exist yet: most tests need no folder, and `tmp_path` costs some milliseconds in each of them. No other
    home lies beside it, because messages name the homes beside a missing one.
    """
    folder = tmp_path_factory.getbasetemp() / f"of_test_{next(HOMES)}" / "home"
    folder.parent.mkdir()
    monkeypatch.setenv("GATEBENCH_HOME", str(folder))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return folder
