import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.owner import dead_owners, forget_owners, is_dead, owner_of

HOLD = """
import sys, time
from pathlib import Path
from gatebench.records.home import Home
from gatebench.records.owner import owner_of

with owner_of(Home(Path(sys.argv[1])), sys.argv[2]) as owner:
    print(owner.name, flush=True)
    time.sleep(60)
"""


def hold(home: Home, store: str = "") -> tuple[subprocess.Popen[str], str]:
    """Return another process that is an owner, and its name."""
    command = [sys.executable, "-c", HOLD, str(home.root), store]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    return holder, holder.stdout.readline().strip()


def kill(holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.communicate()


@pytest.fixture
def place(tmp_path: Path) -> Home:
    return Home(tmp_path / "deep" / "home")


def files(home: Home) -> list[str]:
    return sorted(file.name for file in (home.root / "owners").iterdir())


def test_an_owner_is_alive_inside_its_block_and_unknown_after_it(place: Home) -> None:
    with owner_of(place) as owner:
        assert len(owner.name) == 12
        assert owner.label.endswith(f", process {os.getpid()}")
        assert is_dead(place, owner.name) is False
        assert files(place) == [f"{owner.name}.lock"]
    assert is_dead(place, owner.name) is None
    assert files(place) == []


def test_two_owners_share_a_home(place: Home) -> None:
    with owner_of(place) as one, owner_of(place) as other:
        assert one.name != other.name
        assert is_dead(place, one.name) is False
        assert is_dead(place, other.name) is False
        assert dead_owners(place) == []


def test_a_killed_owner_is_dead_at_once_until_it_is_forgotten(place: Home) -> None:
    holder, name = hold(place)
    assert is_dead(place, name) is False
    forget_owners(place, [name])
    assert is_dead(place, name) is False
    kill(holder)
    assert is_dead(place, name) is True
    assert dead_owners(place) == [name]
    forget_owners(place, [name])
    assert is_dead(place, name) is None
    assert files(place) == []


def test_a_block_that_raises_leaves_a_dead_owner(place: Home) -> None:
    with pytest.raises(ZeroDivisionError), owner_of(place) as owner:
        _ = 1 / 0
    assert is_dead(place, owner.name) is True


def test_dead_owners_are_those_of_the_store(place: Home) -> None:
    holder, name = hold(place, "http://example.org")
    kill(holder)
    assert dead_owners(place, "sqlite:///x") == []
    assert dead_owners(place, "http://example.org") == [name]


def test_a_fork_does_not_keep_its_parent_alive(place: Home) -> None:
    fork = multiprocessing.get_context("fork")
    child = None

    def fail() -> None:
        nonlocal child
        child = fork.Process(target=time.sleep, args=(60,))
        child.start()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), owner_of(place) as owner:
        fail()
    try:
        deadline = time.monotonic() + 30
        while not is_dead(place, owner.name) and time.monotonic() < deadline:
            time.sleep(0.01)  # the fork may not have run its first statement yet
        assert is_dead(place, owner.name) is True
    finally:
        assert child is not None
        child.kill()
        child.join()


def test_those_who_look_at_once_do_not_disturb_each_other(place: Home) -> None:
    holder, name = hold(place)
    kill(holder)
    lock = os.open(place.root / "owners" / f"{name}.lock", os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert is_dead(place, name) is True
    finally:
        os.close(lock)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a/b", "..", "ü"])
def test_a_hostile_name_is_no_file(place: Home, name: str) -> None:
    place.root.mkdir(parents=True)
    assert is_dead(place, name) is None


def test_a_file_in_the_place_of_the_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    with pytest.raises(UserError, match="is a file; it must be a folder"), owner_of(Home(tmp_path / "home")):
        pass
    assert (tmp_path / "home").read_text() == "mine"


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match="cannot be written to: Not a directory"),
        owner_of(Home(tmp_path / "file" / "home")),
    ):
        pass


def test_a_place_where_no_folder_can_be_made_is_refused() -> None:
    with pytest.raises(UserError, match="cannot be written to"), owner_of(Home(Path("/proc/gatebench"))):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="cannot be written to: Permission denied"), owner_of(Home(tmp_path)):
        pass
