"""The C compiler: compiled once, found again, by many processes at once, whatever state the folder is in."""

import ctypes
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.backends import fused
from gatebench.backends.contract import Workload
from gatebench.backends.registry import choose
from gatebench.cells import load_cell
from gatebench.errors import Refusal
from gatebench.machine import c_compiler

TEXT = "int answer(void) { return 42; }\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "gatebench" / "fused"


def answer(library: ctypes.CDLL) -> int:
    return int(library.answer())


def test_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer(c_compiler.load(TEXT, "fused")) == 42
    (made,) = folder.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(c_compiler, "_compile", lambda *_: pytest.fail("compiled again"))
    assert answer(c_compiler.load(TEXT, "fused")) == 42
    assert [made] == list(folder.iterdir())


@pytest.mark.parametrize("damage", [b"", b"not a library"])
def test_a_damaged_library_is_compiled_again(folder: Path, damage: bytes) -> None:
    c_compiler.load(TEXT.replace("42", "43"), "fused")
    (made,) = folder.iterdir()
    whole = made.read_bytes()
    made.unlink()
    made.write_bytes(damage)
    assert answer(c_compiler.load(TEXT.replace("42", "43"), "fused")) == 43
    assert [path.read_bytes() for path in folder.iterdir()] == [whole]


def test_a_folder_that_cannot_be_written_is_said_so(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file stands where the folder should")
    with pytest.warns(RuntimeWarning, match="Compiled code is not kept"):
        assert answer(c_compiler.load(TEXT, "fused")) == 42


def test_many_processes_at_once(folder: Path) -> None:
    code = f"from gatebench.machine.c_compiler import load; print(load({TEXT!r}, 'fused').answer())"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=120)[0].strip() for process in running] == ["42"] * 3
    assert len(list(folder.glob("*.so"))) >= 1
    assert not list(folder.glob("build-*"))


def test_other_text_is_another_library(folder: Path) -> None:
    assert [answer(c_compiler.load(TEXT.replace("42", n), "fused")) for n in ("1", "2")] == [1, 2]
    assert len(list(folder.iterdir())) == 2


def test_other_flags_are_another_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = c_compiler.compiler()
    assert found is not None
    c_compiler.load(TEXT, "fused")
    other = replace(found, flags=(*found.flags, "-Wall"))
    monkeypatch.setattr(c_compiler, "compiler", lambda: other)
    c_compiler.load(TEXT, "fused")
    assert len({path.stem.partition("-")[0] for path in folder.iterdir()}) == 2


def test_an_error_of_the_compiler_is_one_sentence(folder: Path) -> None:
    with pytest.raises(Refusal, match=r"could not be compiled by .*error"):
        c_compiler.load("int answer(void) { return }\n", "fused")
    assert not list(folder.iterdir())


def test_without_a_compiler_fused_refuses_and_auto_says_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c_compiler, "compiler", lambda: None)
    c_compiler.trouble.cache_clear()
    try:
        work = Workload(5, 3, 2, 4)
        assert "needs a C compiler" in (fused.refuses(load_cell("lstm"), work) or "")
        assert choose("auto", load_cell("lstm_cifg"), work).NAME == "manual"
        assert choose("auto", load_cell("lstm"), work).NAME == "native"
        with pytest.raises(Refusal, match="needs a C compiler"):
            choose("fused", load_cell("lstm"), work)
    finally:
        c_compiler.trouble.cache_clear()


def test_cc_names_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    c_compiler.compiler.cache_clear()
    try:
        assert c_compiler.compiler() is None
        with pytest.raises(Refusal, match=r"\$CC, which is 'no-such-compiler', does not work here"):
            c_compiler.load("int x;", "fused")
    finally:
        c_compiler.compiler.cache_clear()
