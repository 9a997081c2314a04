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
from tasks import mapped as module
from tasks.mapped import ABANDONED, PART, SUMS, Arrays, mapped


def arrays(value: int = 7) -> Arrays:
    return {"x": np.full((10, 10), value, np.float32), "y": np.arange(3)}


def never() -> Arrays:
    raise AssertionError("it was computed again")


def entries(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".lock-")}


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    assert mapped(None, "k", arrays)["x"][0, 0] == 7
    assert not list(tmp_path.iterdir())


def test_the_second_time_it_is_mapped(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "cache"
    first, second = mapped(folder, "k", arrays), mapped(folder, "k", never)
    for name, array in first.items():
        assert isinstance(second[name], np.memmap)
        assert second[name].dtype == array.dtype
        np.testing.assert_array_equal(second[name], array)
    second["x"][:] = 0  # torch shares memory with writable arrays alone
    assert mapped(folder, "k", never)["x"][0, 0] == 7
    assert entries(folder) == {"k"}


def test_another_key_is_another_entry(tmp_path: Path) -> None:
    mapped(tmp_path, "a", arrays)
    assert mapped(tmp_path, "b", lambda: arrays(8))["x"][0, 0] == 8
    assert mapped(tmp_path, "a", never)["x"][0, 0] == 7


@pytest.mark.parametrize("file", ["x.npy", "y.npy", SUMS])
@pytest.mark.parametrize("damage", ["truncated", "changed", "empty", "gone"])
def test_a_damaged_entry_is_computed_again(tmp_path: Path, file: str, damage: str) -> None:
    mapped(tmp_path, "k", arrays)
    path = tmp_path / "k" / file
    data = path.read_bytes()
    changed = data[:-1] + bytes([data[-1] ^ 1])
    path.write_bytes({"truncated": data[:-5], "changed": changed, "empty": b"", "gone": b""}[damage])
    if damage == "gone":
        path.unlink()
    assert mapped(tmp_path, "k", lambda: arrays(8))["x"][0, 0] == 8
    assert mapped(tmp_path, "k", never)["x"][0, 0] == 8
    assert entries(tmp_path) == {"k"}


class Trap:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, ("sprung",)


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mapped(tmp_path, "k", arrays)
    for content in (pickle.dumps(Trap()), None):
        path = tmp_path / "k" / "x.npy"
        if content is None:
            np.save(path, np.array([Trap()], object), allow_pickle=True)
        else:
            path.write_bytes(content)
        sums = {file.name: module._sha256(file) for file in path.parent.glob("*.npy")}
        (path.parent / SUMS).write_text(str(sums).replace("'", '"'))
        assert mapped(tmp_path, "k", arrays)["x"][0, 0] == 7
    assert not (tmp_path / "sprung").exists()


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> Arrays:
        raise UserError("The data are damaged.")

    with pytest.raises(UserError, match="damaged"):
        mapped(tmp_path, "k", fail)
    with pytest.raises(ValueError, match="allow_pickle"):
        mapped(tmp_path, "k", lambda: {"x": np.array([object()], object)})
    assert not entries(tmp_path)


def test_a_full_disk_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(UserError, match=rf"^The cache {tmp_path} cannot be written to: No space left on device\.$"):
        mapped(tmp_path, "k", arrays)
    assert not entries(tmp_path)


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(UserError, match=r"^The cache .* cannot be written to: "):
        mapped(tmp_path / "cache", "k", arrays)


def test_entries_used_longest_ago_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, key in ((300, "old"), (200, "older than it looks"), (100, "new")):
        mapped(tmp_path, key, arrays)
        os.utime(tmp_path / key, (time.time() - age,) * 2)
    size = sum(file.stat().st_size for file in (tmp_path / "old").iterdir())
    monkeypatch.setattr(module, "LIMIT", 3 * size)
    kept = mapped(tmp_path, "older than it looks", never)["x"]  # mapped, and used now
    mapped(tmp_path, "newest", arrays)
    assert entries(tmp_path) == {"older than it looks", "new", "newest"}
    monkeypatch.setattr(module, "LIMIT", 10)
    mapped(tmp_path, "alone", arrays)
    assert entries(tmp_path) == {"alone"}
    assert (kept == 7).all()  # what is mapped stays after it was deleted


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    for name, age in ((f"{PART}abandoned", 2 * ABANDONED), (f"{PART}under way", 0.0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    mapped(tmp_path, "k", arrays)
    assert entries(tmp_path) == {f"{PART}under way", "k"}


SLOWLY = """
import sys, time
from pathlib import Path
import numpy as np
from tasks.mapped import mapped
def compute():
    print("computed")
    time.sleep(0.3)
    return {"x": np.full(100, 7)}
assert mapped(Path(sys.argv[1]), "k", compute)["x"].sum() == 700
"""


def test_of_processes_that_want_the_same_one_computes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOWLY, str(tmp_path / "c")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3
    assert sorted(said) == ["", "", "computed\n"]
