import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from launch.running import ray_processes
from launch.running.ray_processes import end_processes, guarded, processes_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc exists only on Linux")

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]


@contextmanager
def sleeper(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that logs to a folder, until the end of the block."""
    folder.mkdir()
    with (folder / "log").open("w") as log, subprocess.Popen([*SLEEP, *arguments], stdout=log) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_processes_of_a_folder_are_killed_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_processes, "END_SECONDS", 0.1)
    mine, longer = tmp_path / "mine", tmp_path / "mine2"
    with (
        sleeper(mine) as logs,
        sleeper(tmp_path / "elsewhere", f"--dir={mine}") as names,
        sleeper(longer) as another,
    ):
        but = {os.getpid()}
        assert sorted(processes_of(mine, but)) == sorted([logs.pid, names.pid])
        end_processes(mine, but)
        assert logs.wait(60) == names.wait(60) == -signal.SIGKILL
        assert processes_of(mine, but) == []
        assert processes_of(longer, but) == [another.pid]


def test_the_folder_of_a_guarded_block_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with guarded(folder):
        assert folder.is_dir()
    assert not folder.exists()


def test_a_killed_process_leaves_neither_processes_nor_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    code = (
        "import subprocess, sys, time; from pathlib import Path\n"
        "from launch.running.ray_processes import guarded\n"
        f"with guarded(Path({str(folder)!r})): subprocess.Popen({[*SLEEP, str(folder)]!r}); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as driver:
        while len(processes_of(folder)) < 2:  # the guard and the child
            time.sleep(0.02)
        driver.kill()
    deadline = time.monotonic() + 60
    while (processes_of(folder) or folder.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(folder) == []
    assert not folder.exists()
