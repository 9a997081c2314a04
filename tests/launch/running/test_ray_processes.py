import subprocess
import sys
import time

import pytest

from launch.running import ray_processes
from launch.running.ray_processes import end_processes, processes_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc exists only on Linux")

CODE = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"


def test_the_servers_of_a_folder_and_their_children_are_found_and_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_processes, "END_SECONDS", 0.1)
    with (
        subprocess.Popen([sys.executable, "-c", CODE, "--dir=/tmp/gatebench-mine"]) as server,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as another,
    ):
        while len(found := processes_of("/tmp/gatebench-mine")) < 2:
            time.sleep(0.02)
        assert found[0].number == server.pid
        end_processes(found)
        assert server.wait(5) == -9
        assert processes_of("/tmp/gatebench-mine") == []
        assert ray_processes._alive(found) == []
        assert another.poll() is None
        another.kill()
