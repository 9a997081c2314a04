import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatebench.errors import UserError
from tasks.data import array_cache
from tasks.data.array_cache import (
    ABANDONED_SECONDS,
    CHECKSUM_FILE,
    ENTRY_SUFFIX,
    PARTIAL_PREFIX,
    Arrays,
    cached_arrays,
    memory_mapped_arrays,
)

Keep = Callable[[Path | None, str, dict[str, object], Callable[[], Arrays]], Arrays]


@pytest.fixture(params=[cached_arrays, memory_mapped_arrays])
def keep(request: pytest.FixtureRequest) -> Keep:
    reader: Keep = request.param
    return reader


def arrays(value: int = 7) -> Arrays:
    return {"x": np.full((10, 10), value, np.float32), "a": np.arange(3)}


def never() -> Arrays:
    raise AssertionError("it was computed again")


def entry(folder: Path, name: str = "k") -> Path:
    (path,) = folder.glob(f"{name}-*{ENTRY_SUFFIX}")
    return path


def entries(folder: Path) -> list[Path]:
    """Return what the folder holds beside the locks, which stay and are empty."""
    return [path for path in folder.iterdir() if not (path.suffix == ".lock" and path.stat().st_size == 0)]


def names(folder: Path) -> set[str]:
    """What there is, entries by their name alone."""
    return {path.name.partition("-")[0] if path.suffix == ENTRY_SUFFIX else path.name for path in entries(folder)}


def test_without_a_folder_nothing_is_kept(keep: Keep, tmp_path: Path) -> None:
    assert keep(None, "k", {}, arrays)["x"][0, 0] == 7
    assert not entries(tmp_path)


def test_the_second_time_it_is_read(keep: Keep, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "cache"
    first, second = keep(folder, "k", {}, arrays), keep(folder, "k", {}, never)
    assert list(second) == ["x", "a"]
    for name, array in first.items():
        assert isinstance(second[name], np.memmap) == (keep is memory_mapped_arrays)
        assert second[name].dtype == array.dtype
        np.testing.assert_array_equal(second[name], array)
    second["x"][:] = 0  # torch shares memory with writable arrays alone
    assert keep(folder, "k", {}, never)["x"][0, 0] == 7
    assert entries(folder) == [entry(folder)]


def test_both_readers_share_an_entry(tmp_path: Path) -> None:
    cached_arrays(tmp_path, "k", {}, arrays)
    assert memory_mapped_arrays(tmp_path, "k", {}, never)["x"][0, 0] == 7


def test_another_name_or_origin_is_another_entry(keep: Keep, tmp_path: Path) -> None:
    keep(tmp_path, "k", {"files": {"a": 1, "b": 2}}, arrays)
    assert keep(tmp_path, "other", {"files": {"a": 1, "b": 2}}, lambda: arrays(8))["x"][0, 0] == 8
    assert keep(tmp_path, "k", {"files": {"a": 1, "b": 3}}, lambda: arrays(9))["x"][0, 0] == 9
    assert keep(tmp_path, "k", {"files": {"b": 2, "a": 1}}, never)["x"][0, 0] == 7


def test_an_origin_of_other_than_plain_values_is_refused(keep: Keep, tmp_path: Path) -> None:
    """It would be named after an address in memory, and never be found again."""
    with pytest.raises(TypeError, match="not JSON serializable"):
        keep(tmp_path, "k", {"made by": object()}, arrays)


@pytest.mark.parametrize("file", ["x.npy", "a.npy", CHECKSUM_FILE])
@pytest.mark.parametrize("damage", ["truncated", "begins otherwise", "ends otherwise", "empty", "gone"])
def test_a_damaged_entry_is_computed_again(keep: Keep, tmp_path: Path, file: str, damage: str) -> None:
    keep(tmp_path, "k", {}, arrays)
    path = entry(tmp_path) / file
    data = path.read_bytes()
    changed = {
        "truncated": data[:-5],
        "begins otherwise": bytes([data[0] ^ 1]) + data[1:],
        "ends otherwise": data[:-1] + bytes([data[-1] ^ 1]),
        "empty": b"",
    }
    path.unlink() if damage == "gone" else path.write_bytes(changed[damage])
    assert keep(tmp_path, "k", {}, lambda: arrays(8))["x"][0, 0] == 8
    assert keep(tmp_path, "k", {}, never)["x"][0, 0] == 8
    assert names(tmp_path) == {"k"}


@pytest.mark.parametrize("sums", ["[]", "3", "null", '{"x": 1, "a": 2}', "{}", '{"../x": ""}', None])
def test_a_list_of_something_else_is_damaged(keep: Keep, tmp_path: Path, sums: str | None) -> None:
    keep(tmp_path, "k", {}, arrays)
    path = entry(tmp_path) / CHECKSUM_FILE
    path.write_text(path.read_text().replace("x", "z") if sums is None else sums)
    assert keep(tmp_path, "k", {}, lambda: arrays(8))["x"][0, 0] == 8


@pytest.mark.parametrize("old", ["file", "folder"])
def test_what_an_earlier_version_kept_in_its_place_is_replaced(keep: Keep, tmp_path: Path, old: str) -> None:
    keep(tmp_path, "k", {}, arrays)
    path = entry(tmp_path)
    path.rename(tmp_path / "away")
    if old == "file":
        path.write_bytes(b"of another form")
    else:
        path.mkdir()
    assert keep(tmp_path, "k", {}, lambda: arrays(8))["x"][0, 0] == 8
    assert keep(tmp_path, "k", {}, never)["x"][0, 0] == 8
    assert names(tmp_path) == {"k", "away"}


class Trap:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, ("sprung",)


@pytest.mark.parametrize("kind", ["pickle", "npy"])
def test_nothing_is_unpickled(keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    keep(tmp_path, "k", {}, arrays)
    path = entry(tmp_path) / "x.npy"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Trap()))
    else:
        np.save(path, np.array([Trap()], object), allow_pickle=True)
    sums = {file.stem: sha256(file.read_bytes()).hexdigest() for file in path.parent.glob("*.npy")}
    (path.parent / CHECKSUM_FILE).write_text(json.dumps(sums))
    assert keep(tmp_path, "k", {}, arrays)["x"][0, 0] == 7
    assert not (tmp_path / "sprung").exists()


def test_a_failure_leaves_nothing_behind(keep: Keep, tmp_path: Path) -> None:
    def fail() -> Arrays:
        raise UserError("The data are damaged.")

    with pytest.raises(UserError, match="damaged"):
        keep(tmp_path, "k", {}, fail)
    with pytest.raises(ValueError, match="allow_pickle"):
        keep(tmp_path, "k", {}, lambda: {"x": np.array([object()], object)})
    assert not entries(tmp_path)


def test_the_cache_is_not_blamed_for_what_computing_meets(keep: Keep, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"recording\.wav"):
        keep(tmp_path, "k", {}, lambda: {"x": np.fromfile("recording.wav")})


def test_a_full_disk_is_told_in_one_sentence(keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(UserError, match=rf"^The cache {tmp_path} cannot be written to: No space left on device\.$"):
        keep(tmp_path, "k", {}, arrays)
    assert not entries(tmp_path)


def test_a_file_in_the_folders_place_is_told(keep: Keep, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(UserError, match=r"^The cache .* cannot be written to: "):
        keep(tmp_path / "cache", "k", {}, arrays)


def test_a_folder_that_is_only_read_gives_what_it_has(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, "k", {}, arrays)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("mkdir", "rename", "unlink", "write_text"):
        monkeypatch.setattr(Path, name, refuse)
    monkeypatch.setattr(os, "utime", refuse)
    assert keep(tmp_path, "k", {}, never)["x"][0, 0] == 7
    with pytest.raises(UserError, match=rf"^The cache {tmp_path} cannot be written to: Read-only file system\.$"):
        keep(tmp_path, "other", {}, arrays)


def test_entries_can_be_read_by_whom_the_folder_lets_in(keep: Keep, tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        keep(tmp_path, "k", {}, arrays)
    finally:
        os.umask(umask)
    assert entry(tmp_path).stat().st_mode & 0o777 == 0o755


def test_entries_used_longest_ago_make_room(keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, name in ((300, "old"), (200, "older than it looks"), (100, "new")):
        keep(tmp_path, name, {}, arrays)
        os.utime(entry(tmp_path, name), (time.time() - age,) * 2)
    size = sum(file.stat().st_size for file in entry(tmp_path, "old").iterdir())
    monkeypatch.setattr(array_cache, "MAX_BYTES", 3 * size)
    used = keep(tmp_path, "older than it looks", {}, never)["x"]  # and so used now
    keep(tmp_path, "newest", {}, arrays)
    assert names(tmp_path) == {"older than it looks", "new", "newest"}
    monkeypatch.setattr(array_cache, "MAX_BYTES", 10)
    keep(tmp_path, "alone", {}, arrays)
    assert names(tmp_path) == {"alone"}
    assert (used == 7).all()  # memory-mapped arrays stay readable after their file was deleted


def test_nothing_but_entries_makes_room(keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of other programs stay, and so do those of an earlier version, except its single entries."""
    monkeypatch.setattr(array_cache, "MAX_BYTES", 10)
    (tmp_path / "speech_commands" / "clean-1").mkdir(parents=True)
    for name in ("a note.txt", "speech_commands/clean-1/x.npy", "speech_commands/.lock-3", "imdb-1.lock"):
        (tmp_path / name).write_bytes(b"0" * 100)
    (tmp_path / f"old{ENTRY_SUFFIX}").write_bytes(b"0" * 100)
    keep(tmp_path, "k", {}, arrays)
    assert names(tmp_path) == {"a note.txt", "speech_commands", "imdb-1.lock", "k"}
    assert len(list((tmp_path / "speech_commands").rglob("*"))) == 3


def test_what_killed_processes_left_is_removed(keep: Keep, tmp_path: Path) -> None:
    keep(tmp_path, "k", {}, arrays)
    # The partial folder of the entry that is computed below is removed, however young it is.
    path = entry(tmp_path).rename(tmp_path / f"{PARTIAL_PREFIX}{entry(tmp_path).name}")
    for name, age in (("abandoned", 2 * ABANDONED_SECONDS), ("under way", 0.0)):
        (tmp_path / f"{PARTIAL_PREFIX}{name}").mkdir()
        os.utime(tmp_path / f"{PARTIAL_PREFIX}{name}", (time.time() - age,) * 2)
    keep(tmp_path, "k", {}, arrays)
    assert not path.exists()
    assert names(tmp_path) == {f"{PARTIAL_PREFIX}under way", "k"}


SLOWLY = """
import sys, time
from pathlib import Path
import numpy as np
from tasks.data.array_cache import memory_mapped_arrays, cached_arrays
def compute():
    print("computed")
    time.sleep(0.3)
    return {"x": np.full(100, 7)}
keep = {"cached_arrays": cached_arrays, "memory_mapped_arrays": memory_mapped_arrays}[sys.argv[2]]
assert keep(Path(sys.argv[1]), "k", {}, compute)["x"].sum() == 700
"""


def test_of_processes_that_want_the_same_one_computes(tmp_path: Path) -> None:
    functions = ("cached_arrays", "memory_mapped_arrays") * 2
    commands = [[sys.executable, "-c", SLOWLY, str(tmp_path / "c"), function] for function in functions]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(said) == ["", "", "", "computed\n"]
    assert names(tmp_path / "c") == {"k"}


def test_who_wants_another_entry_does_not_wait(keep: Keep, tmp_path: Path) -> None:
    """Twenty entries within each other: none of them shares a lock with another."""

    def nested(depth: int) -> Arrays:
        return keep(tmp_path, str(depth), {}, lambda: nested(depth - 1)) if depth else arrays()

    assert nested(20)["x"][0, 0] == 7
