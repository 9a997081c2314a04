import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatebench.machine.temporary_folders import abandoned_folders

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")


def aged(folder: Path, days: float) -> Path:
    folder.mkdir()
    changed = time.time() - days * 86_400
    os.utime(folder, (changed, changed))
    return folder


def test_old_folders_that_nobody_uses_are_found(tmp_path: Path) -> None:
    old = aged(tmp_path / "gatebench-old", 2)
    aged(tmp_path / "gatebench-new", 0.5)
    aged(tmp_path / "other-old", 2)
    (tmp_path / "gatebench-link").symlink_to(old)
    assert list(abandoned_folders(tmp_path, "gatebench-", 1)) == [old]


def test_a_folder_with_an_open_file_is_used(tmp_path: Path) -> None:
    folder = aged(tmp_path / "gatebench-a", 2)
    with (folder / "file").open("w"):
        os.utime(folder, (0, 0))
        assert list(abandoned_folders(tmp_path, "gatebench-", 1)) == []
    assert list(abandoned_folders(tmp_path, "gatebench-", 1)) == [folder]


@pytest.mark.parametrize("way", ["working folder", "argument"])
def test_a_folder_of_another_process_is_used(tmp_path: Path, way: str) -> None:
    folder = aged(tmp_path / "gatebench-a", 2)
    command = [sys.executable, "-c", "print(flush=True); input()", f"--temp-dir={folder}"]
    with subprocess.Popen(
        command if way == "argument" else command[:3],
        cwd=folder if way == "working folder" else tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert list(abandoned_folders(tmp_path, "gatebench-", 1)) == []
        process.communicate(b"\n")
    assert list(abandoned_folders(tmp_path, "gatebench-", 1)) == [folder]
