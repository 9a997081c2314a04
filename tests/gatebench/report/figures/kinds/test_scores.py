from math import nan

from gatebench.report.figures.kinds.scores import spread
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials


def test_marks_of_a_row_are_spread_evenly() -> None:
    assert spread(1) == [0.0]
    assert spread(3) == [-0.22, 0.0, 0.22]


def test_each_cell_is_a_row_and_chance_is_marked_if_it_is_near() -> None:
    words = drawn("scores", task_trials([outcome("a", 0, 0.2), outcome("b", 0, 0.4, test__accuracy=nan)]))
    assert {"a", "b", "chance", "validation, best epoch", "accuracy ↑"} <= set(words)
    assert "chance" not in drawn("scores", task_trials([outcome("a", 0, 0.90), outcome("a", 1, 0.91)]))
