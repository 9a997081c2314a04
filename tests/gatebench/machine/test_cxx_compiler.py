from pathlib import Path

import pytest

from gatebench.machine.cxx_compiler import compile_refusal


def test_the_program_that_the_variable_names_is_the_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "my-c++")
    assert compile_refusal() == (
        "training.compile=true needs a C++ compiler, and 'my-c++' is no program on the path; install it, name another "
        "one in the variable CXX, without arguments, or leave training.compile out."
    )
    (tmp_path / "my-c++").touch(mode=0o755)
    assert compile_refusal() == ""
    for command in ("my-c++ -O3", ""):
        monkeypatch.setenv("CXX", command)
        assert repr(command) in compile_refusal()


@pytest.mark.parametrize(("platform", "name"), [("linux", "g++"), ("darwin", "clang++")])
def test_without_the_variable_it_is_that_of_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, name: str
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.platform", platform)
    assert f"{name!r} is no program" in compile_refusal()
