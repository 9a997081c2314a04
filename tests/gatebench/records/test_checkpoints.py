import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.records.checkpoints import Checkpoints
from gatebench.records.home import Home
from tests.paths import ROOT

DIGEST = "0123456789abcdef"


def file_of(home: Path) -> Path:
    return home / "checkpoints" / f"{DIGEST}.checkpoint"


def test_the_last_content_is_kept_until_it_is_removed(tmp_path: Path) -> None:
    checkpoints = Checkpoints(Home(tmp_path))
    assert checkpoints.load(DIGEST) is None
    checkpoints.remove(DIGEST)
    for content in (b"first", b"", bytes(range(256)) * 999):
        checkpoints.save(DIGEST, content)
        assert Checkpoints(Home(tmp_path)).load(DIGEST) == content
    assert checkpoints.load("fedcba9876543210") is None
    assert [file.name for file in (tmp_path / "checkpoints").iterdir()] == [f"{DIGEST}.checkpoint"]
    (tmp_path / "checkpoints" / f"{DIGEST}.77.part").write_bytes(b"left by a killed process")
    checkpoints.remove(DIGEST)
    assert checkpoints.load(DIGEST) is None
    assert list((tmp_path / "checkpoints").iterdir()) == []


def test_a_file_that_is_cut_at_any_byte_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoints = Checkpoints(Home(tmp_path))
    checkpoints.save(DIGEST, b"content")
    whole = file_of(tmp_path).read_bytes()
    for length in range(len(whole)):
        file_of(tmp_path).write_bytes(whole[:length])
        assert checkpoints.load(DIGEST) is None
        told = capsys.readouterr().err
        assert told == f"The checkpoint {file_of(tmp_path)} is damaged; the trial begins at its first step.\n"


@given(st.data())
def test_a_changed_byte_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    home = tmp_path_factory.mktemp("home")
    checkpoints = Checkpoints(Home(home))
    checkpoints.save(DIGEST, b"content")
    stored = bytearray(file_of(home).read_bytes())
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= data.draw(st.integers(1, 255))
    file_of(home).write_bytes(bytes(stored))
    assert checkpoints.load(DIGEST) is None


@pytest.mark.parametrize("digest", ["", "../escape", "a/b", "A", "0123.part", "0" * 65, "*"])
def test_no_digest_names_a_file_outside_of_the_folder(digest: str, tmp_path: Path) -> None:
    checkpoints = Checkpoints(Home(tmp_path / "home"))
    for call in (partial(checkpoints.save, digest, b""), partial(checkpoints.load, digest)):
        with pytest.raises(ValueError, match="is not the digest of a trial"):
            call()
    with pytest.raises(ValueError, match="is not the digest of a trial"):
        checkpoints.remove(digest)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_keeps_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(Home(tmp_path))
    checkpoints.save(DIGEST, b"earlier")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot be written: No space left on device\.$"):
        checkpoints.save(DIGEST, b"new")
    assert checkpoints.load(DIGEST) == b"earlier"
    assert len(list((tmp_path / "checkpoints").iterdir())) == 1


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(UserError, match=r"cannot be written: Not a directory\.$"):
        Checkpoints(Home(tmp_path / "home")).save(DIGEST, b"")


def test_what_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file_of(tmp_path).mkdir(parents=True)
    assert Checkpoints(Home(tmp_path)).load(DIGEST) is None
    assert "cannot be read (Is a directory); the trial begins" in capsys.readouterr().err


WRITER = f"""
import sys
from functools import partial
from pathlib import Path
from gatebench.records.checkpoints import Checkpoints
from gatebench.records.home import Home
checkpoints = Checkpoints(Home(Path(sys.argv[1])))
number = 0
while True:
    checkpoints.save({DIGEST!r}, bytes([number % 256]) * 500_000)
    print(flush=True)
    number += 1
"""


def test_a_writer_that_is_killed_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    for lines in (1, 2, 5, 9):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(lines):
                writer.stdout.readline()
            os.kill(writer.pid, signal.SIGKILL)
        content = Checkpoints(Home(tmp_path)).load(DIGEST)
        assert content is not None
        assert content == content[:1] * 500_000
    Checkpoints(Home(tmp_path)).remove(DIGEST)
    assert list((tmp_path / "checkpoints").iterdir()) == []
