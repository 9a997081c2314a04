import subprocess
import sys
import time
from pathlib import Path

import pytest

from launch.running import ray_folder


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ray_folder, "PARENT", tmp_path)
    return tmp_path


def test_the_folder_is_gone_after_the_block(parent: Path) -> None:
    with ray_folder.ray_folder() as folder:
        (folder / "session").mkdir()
        assert folder.parent.name.startswith("gatebench-")
        assert folder.parent.stat().st_mode & 0o777 == 0o700
        ray_folder.remove_abandoned()
        assert (folder / "session").is_dir()
    assert list(parent.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed(parent: Path) -> None:
    code = (
        "import time; from pathlib import Path; from launch.running import ray_folder as r\n"
        f"r.PARENT = Path({str(parent)!r})\n"
        "with r.ray_folder(): time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as killed:
        while not list(parent.glob("*/owner.lock")):
            time.sleep(0.02)
        killed.kill()
    foreign = parent / "gatebench-without-lock"
    foreign.mkdir()
    ray_folder.remove_abandoned()
    assert list(parent.iterdir()) == [foreign]
