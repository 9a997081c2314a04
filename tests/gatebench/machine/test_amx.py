"""Whether compiled code may use the tiles of AMX."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from gatebench.machine import amx


def test_it_is_what_the_system_says() -> None:
    answer = amx.has_tiles()
    cpu = Path("/proc/cpuinfo")
    if answer:
        assert "amx_bf16" in cpu.read_text("utf-8")
    elif cpu.exists() and "amx_bf16" in cpu.read_text("utf-8"):
        pytest.skip("the processor has AMX; the compiler or the system has not")


@pytest.mark.parametrize("allowed", [0, 1])
def test_it_asks_the_system_once(allowed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def load(text: str, user: str) -> SimpleNamespace:
        asked.append(user)
        return SimpleNamespace(allowed=lambda: allowed)

    monkeypatch.setattr(amx, "load", load)
    amx.has_tiles.cache_clear()
    try:
        assert amx.has_tiles() is amx.has_tiles() is bool(allowed)
        assert asked == ["amx"]
    finally:
        amx.has_tiles.cache_clear()
