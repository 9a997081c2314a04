from math import nan
from typing import Any

import pytest

from gatebench.report.figures.kinds.coordinates import ranges
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials


def test_each_metric_has_its_range() -> None:
    trials = task_trials([outcome("a", 0, gate__l0__keep__f__mean=0.7), outcome("bb", 2)])
    assert ranges(trials) == {
        "parameters": (101.0, 102.0),
        "flops/step": (1000.0, 1000.0),
        "keep/l0": (0.7, 0.7),
        "seconds": (1.0, 3.0),
        "best/val/accuracy": (0.5, 0.52),
    }
    words = drawn("coordinates", trials)
    assert {"time (s)", "validation\naccuracy", "0.52", "102"} <= set(words)


def test_fewer_than_three_axes_are_no_figure() -> None:
    lacking: dict[str, Any] = {"parameters": nan, "flops/step": nan}
    with pytest.raises(NothingToDrawError, match="three of the metrics"):
        drawn("coordinates", task_trials([outcome("a", 0, **lacking)]))
