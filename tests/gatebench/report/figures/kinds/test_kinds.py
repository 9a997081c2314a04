"""The kinds of figures as a whole."""

import sys
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from subprocess import run
from typing import Any

from gatebench.report.figures import kinds
from gatebench.report.figures.kinds import KINDS, draw
from gatebench.report.figures.style import FORMATS
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials
from tests.paths import ROOT


def test_each_kind_is_a_module_with_a_figure() -> None:
    modules = {module.name for module in iter_modules(kinds.__path__)}
    assert set(KINDS) == modules
    for name, kind in KINDS.items():
        assert kind.name == name
        assert callable(import_module(f"gatebench.report.figures.kinds.{name}").figure)


def test_matplotlib_is_imported_when_a_figure_is_drawn() -> None:
    code = "import sys, gatebench.report.figures.kinds; sys.exit('matplotlib' in sys.modules)"
    assert run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_same_trials_give_the_same_bytes_in_each_format() -> None:
    trials = task_trials([outcome(cell, seed) for cell in "ab" for seed in range(3)])
    pictures = draw(KINDS["boxes"], trials, FORMATS)
    assert pictures["png"].startswith(b"\x89PNG")
    assert pictures["svg"].startswith(b"<?xml")
    assert draw(KINDS["boxes"], trials, FORMATS) == pictures


def test_long_names_of_cells_leave_room_for_the_axes() -> None:
    names = [f"lstm[i=1, f=0.5, o={index}, activate=hard_sigmoid]" for index in range(20)]
    keep: dict[str, Any] = {"gate__l0__keep__f__mean": 0.7}
    outcomes = [
        replace(outcome(name, seed, **keep), settings={"model.hidden_size": str(8 + seed)})
        for name in names
        for seed in range(2)
    ]
    for name, kind in KINDS.items():
        if kind.needs is None:
            assert any("…" in word for word in drawn(name, task_trials(outcomes)))
