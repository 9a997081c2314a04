import os
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from gatebench.machine import facts
from gatebench.machine import fingerprint as module
from gatebench.machine.c_compiler import Compiler
from gatebench.machine.fingerprint import fingerprint


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute the fingerprint anew at each call."""
    monkeypatch.setattr(module, "fingerprint", module.fingerprint.__wrapped__)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_it_has_the_versions_the_devices_and_the_compiler() -> None:
    text = module.fingerprint()
    assert text == module.fingerprint() == fingerprint()
    assert text.startswith("gatebench 0.")
    for part in (", torch ", f", {os.cpu_count()} cores, ", " GiB, ", " GPUs, "):
        assert part in text


def test_every_part_changes_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = [module.fingerprint()]
    monkeypatch.setattr(module, "compiler", lambda: None)
    found.append(module.fingerprint())
    assert found[-1].endswith("no C compiler")
    monkeypatch.setattr(module, "compiler", lambda: Compiler(("clang",), (), "0123456789"))
    found.append(module.fingerprint())
    assert found[-1].endswith("clang 01234567")
    (tmp_path / "0000:01:00.0").mkdir()
    monkeypatch.setattr(module, "GPUS", tmp_path)
    found.append(module.fingerprint())
    assert ", 1 GPUs, " in found[-1]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    found.append(module.fingerprint())
    assert ", 1 (visible: none) GPUs, " in found[-1]
    monkeypatch.setattr(module, "package_version", lambda package: "9.9")
    found.append(module.fingerprint())
    assert len(set(found)) == len(found)


def test_a_package_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(facts, "version", missing)
    assert "torch not installed" in module.fingerprint()
