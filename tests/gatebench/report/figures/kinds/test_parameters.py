from math import nan

import pytest

from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials


def test_the_axes_have_labels_and_the_cells_a_legend() -> None:
    words = drawn("parameters", task_trials([outcome("a", 0), outcome("b", 1)]))
    assert {"parameters", "validation accuracy ↑", "a", "b"} <= set(words)


def test_trials_without_the_metric_are_no_figure() -> None:
    with pytest.raises(NothingToDrawError, match="parameters"):
        drawn("parameters", task_trials([outcome("a", 0, parameters=nan)]))
