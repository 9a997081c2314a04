"""The peak of the resident set."""

from pathlib import Path

import pytest
import torch

from gatebench.machine import peak_memory
from gatebench.machine.peak_memory import step_peak, unavailable_reason

linux = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))


@linux
def test_a_step_is_charged_what_it_takes_and_gives_back() -> None:
    size = 64 << 20

    def step() -> None:
        torch.ones(size // 4)

    assert size * 0.95 < step_peak(lambda: None, step) < size * 1.5


@linux
def test_what_was_there_before_is_not_charged() -> None:
    there = torch.ones(16 << 20)
    assert step_peak(lambda: None, lambda: there.add_(1)) < 8 << 20


def test_where_it_cannot_be_measured_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak_memory, "_RESET", tmp_path / "nowhere" / "clear_refs")
    assert "It needs Linux; set memory=false." in (unavailable_reason() or "")
