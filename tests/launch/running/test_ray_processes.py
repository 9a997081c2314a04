import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launch.running import ray_processes
from launch.running.ray_processes import MARK, end_processes, guarded, processes_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc exists only on Linux")

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]


def test_the_marked_processes_are_killed_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_processes, "END_SECONDS", 0.1)
    mine, longer = tmp_path / "mine", tmp_path / "mine2"
    with (
        subprocess.Popen(SLEEP, env={**os.environ, MARK: str(mine)}) as marked,
        subprocess.Popen(SLEEP, env={**os.environ, MARK: str(longer)}) as another,
    ):
        while not processes_of(mine) or not processes_of(longer):
            time.sleep(0.02)
        end_processes(mine)
        assert marked.wait(5) == -signal.SIGKILL
        assert processes_of(mine) == []
        assert processes_of(longer) == [another.pid]
        another.kill()


def test_the_folder_of_a_guarded_block_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with guarded(folder):
        assert os.environ[MARK] == str(folder)
        assert folder.is_dir()
    assert MARK not in os.environ
    assert not folder.exists()


def test_a_killed_process_leaves_neither_processes_nor_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    code = (
        "import subprocess, sys, time; from pathlib import Path\n"
        "from launch.running.ray_processes import guarded\n"
        f"with guarded(Path({str(folder)!r})): subprocess.Popen({SLEEP!r}); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as driver:
        while not processes_of(folder):
            time.sleep(0.02)
        driver.kill()
    deadline = time.monotonic() + 20
    while (processes_of(folder) or folder.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(folder) == []
    assert not folder.exists()
