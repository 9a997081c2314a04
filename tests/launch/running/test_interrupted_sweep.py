"""Signals to the driver and to a worker of a sweep: what they end, and that nothing is left."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.paths import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc exists only on Linux")


@contextmanager
def sweep(folder: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Start a sweep, wait until two trials run, and check that nothing of it is left after the block."""
    command = [sys.executable, "-m", "tests.launch.running.sweep_process", str(folder), str(seconds)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while len(lines(folder, "started")) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        started = psutil.Process(process.pid).children(recursive=True)
        (temporary,) = {
            Path(words[-2]) for words in map(command_line, started) if "ray_processes.py" in " ".join(words)
        }
        assert temporary.is_dir()
        yield process
        process.wait(120)
        psutil.wait_procs(started, 60)
    assert [p for p in started if p.is_running()] == []
    assert not temporary.exists()


def command_line(process: psutil.Process) -> list[str]:
    """Return the words of a process's command; none if it has ended."""
    with suppress(psutil.Error):
        return list(process.cmdline())
    return []


def lines(folder: Path, name: str) -> list[str]:
    file = folder / name
    return file.read_text().splitlines() if file.exists() else []


def events(folder: Path) -> Counter[str]:
    return Counter(lines(folder, "events"))


def message(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.read()


def test_the_first_ctrl_c_lets_running_trials_end(tmp_path: Path) -> None:
    with sweep(tmp_path, 4.0) as process:
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        assert re.search(r"^No new trial begins\. \d trials? .*; press Ctrl-C again to stop", message(process))
    assert process.returncode == 130
    begun = len(lines(tmp_path, "started"))
    assert begun < 6
    assert events(tmp_path) == {"Started ": begun, "Epoch ": begun, "Outcome finished": begun}


@pytest.mark.slow
def test_the_second_ctrl_c_saves_and_stops_running_trials(tmp_path: Path) -> None:
    with sweep(tmp_path, 600.0) as process:
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr is not None
        assert any("No new trial begins" in line for line in process.stderr)  # it has handled the first one
        os.killpg(process.pid, signal.SIGINT)
    assert process.returncode == 130
    assert events(tmp_path) == {"Started ": 2, "Checkpoint 5": 2, "Outcome interrupted": 2}


@pytest.mark.slow
def test_sigterm_saves_and_stops_running_trials(tmp_path: Path) -> None:
    with sweep(tmp_path, 600.0) as process:
        process.terminate()
    assert process.returncode == 130
    assert events(tmp_path) == {"Started ": 2, "Checkpoint 5": 2, "Outcome interrupted": 2}


@pytest.mark.slow
def test_a_worker_that_receives_sigterm_saves_and_its_trial_goes_on_in_another_process(tmp_path: Path) -> None:
    with sweep(tmp_path, 3.0) as process:
        first = int(lines(tmp_path, "started")[0].split()[0])
        os.kill(first, signal.SIGTERM)
        assert "begins again, attempt 2: The trial's process received SIGTERM." in message(process)
    assert process.returncode == 0
    assert events(tmp_path) == {"Started ": 7, "Checkpoint 5": 1, "Epoch ": 6, "Outcome finished": 6}
    assert len({line.split()[1] for line in lines(tmp_path, "started")}) == 6


@pytest.mark.slow
def test_a_killed_driver_leaves_nothing(tmp_path: Path) -> None:
    with sweep(tmp_path, 600.0) as process:
        process.kill()
