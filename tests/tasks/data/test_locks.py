import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tasks.data.locks import held
from tests.paths import ROOT


def test_one_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(10):
            with held(tmp_path / "lock"):
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
    assert not list(tmp_path.iterdir())


def test_who_waits_is_told(tmp_path: Path) -> None:
    told = threading.Event()

    def work() -> None:
        with held(tmp_path / "lock", told.set):
            pass

    with held(tmp_path / "lock", pytest.fail):
        waiter = threading.Thread(target=work)
        waiter.start()
        assert told.wait(10)
    waiter.join(10)
    assert not waiter.is_alive()


def test_who_waits_for_a_lock_that_is_gone_waits_for_the_next(tmp_path: Path) -> None:
    waiting, through, lock = threading.Semaphore(0), threading.Event(), tmp_path / "lock"

    def work() -> None:
        with held(lock, waiting.release):
            through.set()

    with lock.open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        waiter = threading.Thread(target=work)
        waiter.start()
        assert waiting.acquire(timeout=10)
        lock.unlink()
        second = lock.open("w")
        fcntl.flock(second, fcntl.LOCK_EX)
    assert waiting.acquire(timeout=10)
    assert not through.is_set()
    second.close()
    waiter.join(10)
    assert through.is_set()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_it_is_let_go_of_however_the_block_ends(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), held(tmp_path / "lock"):
        raise error
    with held(tmp_path / "lock", pytest.fail):
        pass
    assert not list(tmp_path.iterdir())


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import os, sys; from pathlib import Path; from tasks.data.locks import held\n"
        "with held(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(lock)], cwd=ROOT)
    assert done.returncode == -9
    assert lock.exists()
    with held(lock, pytest.fail):
        pass
    assert not lock.exists()


def test_what_cannot_be_locked_is_told_and_what_cannot_be_removed_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError), held(tmp_path / "nowhere" / "lock"):
        pass

    def refuse(*_: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(Path, "unlink", refuse)
    with held(tmp_path / "lock"):
        pass
    assert (tmp_path / "lock").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="lock"), held(tmp_path / "lock"):
        pass
    assert (tmp_path / "mine").read_text() == "precious"
