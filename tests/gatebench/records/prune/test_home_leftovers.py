import os
import time
from pathlib import Path

import pytest
from filelock import FileLock

from gatebench.records.home import Home
from gatebench.records.owner import Owner, owner_of
from gatebench.records.prune.home_leftovers import dead_owner_files, home_leftovers, live_owner
from gatebench.records.spool.spool import Spool
from tests.launch.trials import trial

FINISHED, OPEN, LARGE = "1" * 16, "2" * 16, "3" * 16


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with checkpoints of three trials, a cache, and files that were being written."""
    for name in (f"checkpoints/{FINISHED}.checkpoint", f"checkpoints/{OPEN}.checkpoint", "cache/mnist/a.npy"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    for digest in (FINISHED, OPEN, LARGE):
        (tmp_path / "checkpoints" / digest).mkdir()
    for number, name in enumerate(("old", "new")):
        part = tmp_path / "checkpoints" / f"{name}.12.part"
        part.write_bytes(b"x")
        changed = time.time() - 7200 * (1 - number)
        os.utime(part, (changed, changed))
    return Home(tmp_path)


def test_what_nothing_needs_is_found(home: Home) -> None:
    found = {
        leftover.path.relative_to(home.root).as_posix()
        for leftover in home_leftovers(home, [FINISHED, LARGE], [FINISHED])
    }
    assert found == {
        f"checkpoints/{FINISHED}.checkpoint",
        f"checkpoints/{FINISHED}",
        "cache/mnist",
        "checkpoints/old.12.part",
    }


def test_an_empty_home_has_nothing(tmp_path: Path) -> None:
    empty = Home(tmp_path / "empty")
    assert list(home_leftovers(empty, [], [])) == list(dead_owner_files(empty)) == []
    assert live_owner(empty) is None


def test_a_live_owner_is_found(home: Home) -> None:
    assert live_owner(home) is None
    with owner_of(home) as owner:
        assert live_owner(home) == owner.label
        assert list(dead_owner_files(home)) == []
    assert live_owner(home) is None


def test_a_process_that_holds_the_lock_of_the_home_is_found(home: Home) -> None:
    file = home.root / ".lock"
    with FileLock(file):
        file.write_text("process 12")
        assert live_owner(home) == "process 12"
    assert live_owner(home) is None


def test_the_file_of_a_dead_owner_is_found_unless_its_trials_are_open(home: Home) -> None:
    (home.root / "owners").mkdir()
    for name in ("0123456789aa", "0123456789bb"):
        (home.root / "owners" / f"{name}.lock").write_text('{"host": "h", "process": 1, "store": ""}')
    Spool(home, "mine", "home").begin(trial(), "00000000000a", Owner("0123456789aa", "h", 1), 1000.0)
    assert [leftover.path.stem for leftover in dead_owner_files(home)] == ["0123456789bb"]
