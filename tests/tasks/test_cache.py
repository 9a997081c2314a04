import hashlib
import io
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gatebench.errors import UserError
from tasks import cache
from tasks.cache import Arrays, cached


def arrays(value: int = 7, size: int = 100) -> Arrays:
    return {"ids": np.full(size, value, np.int32), "lengths": np.arange(3.0)}


def never() -> Arrays:
    raise AssertionError("it was computed again")


def entry(folder: Path) -> Path:
    (path,) = folder.glob("*.arrays")
    return path


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    assert cached(None, "k", arrays)["ids"][0] == 7
    assert not list(tmp_path.iterdir())


def test_the_second_time_it_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "cache"
    first, second = cached(folder, "k", arrays), cached(folder, "k", never)
    assert list(second) == ["ids", "lengths"]
    for name, array in first.items():
        assert second[name].dtype == array.dtype
        np.testing.assert_array_equal(second[name], array)
        assert second[name].flags.writeable  # torch shares memory with writable arrays alone
    assert [path.name for path in folder.iterdir()] == ["k.arrays"]


def test_another_key_is_another_entry(tmp_path: Path) -> None:
    cached(tmp_path, "a", arrays)
    assert cached(tmp_path, "b", lambda: arrays(8))["ids"][0] == 8
    assert cached(tmp_path, "a", never)["ids"][0] == 7


@pytest.mark.parametrize("at", [0, 31, 32, 40, 200, -1])
def test_a_damaged_entry_is_computed_again(tmp_path: Path, at: int) -> None:
    cached(tmp_path, "k", arrays)
    damaged = bytearray(entry(tmp_path).read_bytes())
    damaged[at] ^= 1
    entry(tmp_path).write_bytes(damaged)
    assert cached(tmp_path, "k", lambda: arrays(8))["ids"][0] == 8
    assert cached(tmp_path, "k", never)["ids"][0] == 8


@pytest.mark.parametrize("keep", [0, 10, 32, 100])
def test_a_truncated_entry_is_computed_again(tmp_path: Path, keep: int) -> None:
    cached(tmp_path, "k", arrays)
    entry(tmp_path).write_bytes(entry(tmp_path).read_bytes()[:keep])
    assert cached(tmp_path, "k", lambda: arrays(8))["ids"][0] == 8


class Trap:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, ("sprung",)


@pytest.mark.parametrize("kind", ["pickle", "npy"])
def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    buffer = io.BytesIO()
    if kind == "pickle":
        pickle.dump(Trap(), buffer)
    else:
        np.savez(buffer, ids=np.array([Trap()], object))
    data = buffer.getvalue()
    (tmp_path / "k.arrays").write_bytes(hashlib.sha256(data).digest() + data)
    assert cached(tmp_path, "k", arrays)["ids"][0] == 7
    assert not (tmp_path / "sprung").exists()


def test_objects_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        cached(tmp_path, "k", lambda: {"ids": np.array([object()], object)})
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> Arrays:
        raise UserError("The data are damaged.")

    with pytest.raises(UserError, match="damaged"):
        cached(tmp_path, "k", fail)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match=rf"^The cache {tmp_path} cannot be written to: No space left on device\.$"):
        cached(tmp_path, "k", arrays)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(UserError, match=r"^The cache .* cannot be written to: "):
        cached(tmp_path / "cache", "k", arrays)


def test_entries_used_longest_ago_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT", 3000)
    for age, key in ((300, "old"), (200, "older than it looks"), (100, "new")):
        cached(tmp_path, key, arrays)
        os.utime(tmp_path / f"{key}.arrays", (time.time() - age,) * 2)
    cached(tmp_path, "old", never)  # used now
    cached(tmp_path, "newest", arrays)
    assert {path.stem for path in tmp_path.iterdir()} == {"old", "new", "newest"}


def test_what_is_larger_than_the_limit_is_kept_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached(tmp_path, "a", arrays)
    monkeypatch.setattr(cache, "LIMIT", 10)
    cached(tmp_path, "b", arrays)
    assert [path.stem for path in tmp_path.iterdir()] == ["b"]


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    for name, age in (("abandoned.part", 2 * cache.ABANDONED), ("under way.part", 0), ("a note.txt", 1e6)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    cached(tmp_path, "k", arrays)
    assert {path.name for path in tmp_path.iterdir()} == {"under way.part", "a note.txt", "k.arrays"}


SLOWLY = """
import sys, time
from pathlib import Path
import numpy as np
from tasks.cache import cached
def compute():
    print("computed")
    time.sleep(0.3)
    return {"ids": np.full(100, 7)}
assert cached(Path(sys.argv[1]), "k", compute)["ids"].sum() == 700
"""


def test_of_processes_that_want_the_same_one_computes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOWLY, str(tmp_path / "c")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(said) == ["", "", "", "computed\n"]
