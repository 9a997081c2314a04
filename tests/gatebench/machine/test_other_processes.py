"""What others take of the machine."""

import os
import time
from pathlib import Path

import pytest

from gatebench.machine import other_processes
from gatebench.machine.other_processes import OtherProcesses


@pytest.fixture
def stat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a /proc/stat of our own, read with a clock of our own: 100 ticks a second, one second a question."""
    path, clock = tmp_path / "stat", iter(range(1000))
    monkeypatch.setattr(other_processes, "_STAT", path)
    monkeypatch.setattr(os, "sysconf", lambda name: 100)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    return path


def test_what_is_busy_beside_this_process_is_others(stat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_processes, "_own_seconds", iter([10.0, 10.4]).__next__)
    stat.write_text("cpu  100 0 100 900 50 0 0 0 0 0\ncpu0 9 9 9\n")
    watch = OtherProcesses()
    stat.write_text("cpu  180 10 120 999 99 0 0 0 0 0\ncpu0 9 9 9\n")
    assert watch.cores() == pytest.approx(1.1 - 0.4)


def test_this_process_is_nobody_else(stat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_processes, "_own_seconds", iter([1.0, 3.0]).__next__)
    stat.write_text("cpu  100 0 0 0 0 0 0 0\n")
    watch = OtherProcesses()
    stat.write_text("cpu  290 0 0 0 0 0 0 0\n")
    assert watch.cores() == 0.0


def test_where_the_system_does_not_tell_nothing_is_said(stat: Path) -> None:
    assert OtherProcesses().cores() is None
