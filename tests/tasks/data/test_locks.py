import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tasks.data.locks import hold_lock
from tests.paths import ROOT


def test_one_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(10):
            with hold_lock(tmp_path / "lock"):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_who_waits_is_told(tmp_path: Path) -> None:
    told = threading.Event()

    def work() -> None:
        with hold_lock(tmp_path / "lock", told.set):
            pass

    with hold_lock(tmp_path / "lock", pytest.fail):
        waiter = threading.Thread(target=work)
        waiter.start()
        assert told.wait(10)
    waiter.join(10)
    assert not waiter.is_alive()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_it_is_let_go_of_however_the_block_ends(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), hold_lock(tmp_path / "lock"):
        raise error
    with hold_lock(tmp_path / "lock", pytest.fail):
        pass


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import os, sys; from pathlib import Path; from tasks.data.locks import hold_lock\n"
        "with hold_lock(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(lock)], cwd=ROOT)
    assert done.returncode == -9
    with hold_lock(lock, pytest.fail):
        pass


def test_what_cannot_be_locked_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"), hold_lock(tmp_path / "file" / "lock"):
        pass


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="lock"), hold_lock(tmp_path / "lock"):
        pass
    assert (tmp_path / "mine").read_text() == "precious"
