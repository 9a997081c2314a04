"""Trials that share a process have the results that they have alone, with every cell and with every task."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatebench import cell_names
from gatebench.trial import Model, Training, Trial
from tests.contracts.population import SQUARE
from tests.contracts.rank_curves import small_config
from tests.contracts.test_tasks import CONFIGS
from tests.side_by_side import alone, assert_same, runner, together

SEVERAL = 4
"""The largest number of trials that share a process here."""

QUICK = ("adding", "jsb_chorales")
"""The tasks that are not slow: one with sequences of one length, one with different lengths."""

LONG = ("digit_detection", "summaries", "translation", "video_actions")
"""Tasks that train one epoch here."""

CELLS = [name for name in cell_names() if name not in SQUARE]
GROUPS = [CELLS[first : first + SEVERAL] for first in range(0, len(CELLS), SEVERAL)]


def compare(trials: Sequence[Trial], folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Compare the results of trials that share a process with those of the same trials alone."""
    files, home = folder / "files", folder / "home"
    expected = [alone(trial, home, files) for trial in trials]
    for wanted, (end, epochs) in zip(expected, together(trials, runner(home, files), patch), strict=True):
        assert end.outcome is not None
        assert_same(wanted, (end.outcome, epochs))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in CONFIGS]
)
def test_every_task(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = small_config(name, tmp_path / "files", monkeypatch)
    training = Training(max_epochs=1 if name in LONG else 2, batch_size=5, weight_noise=0.01)
    first = Trial({"name": "lstm", "base": "lstm"}, config, Model(8, dropout=0.2), training)
    other = replace(first, seed=1, training=replace(training, learning_rate=0.01))
    compare([first, other], tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "cells", [pytest.param(cells, marks=pytest.mark.slow if cells != GROUPS[0] else ()) for cells in GROUPS]
)
def test_every_cell(cells: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task: dict[str, Any] = {"_target_": "tests.gatebench.training.sign.Sign"}
    training = Training(max_epochs=2, batch_size=32)
    trials = [Trial({"name": name, "base": name}, task, Model(8, dropout=0.2), training, seed=3) for name in cells]
    compare(trials, tmp_path, monkeypatch)
