import pytest

from gatebench.report.figures.score_against import is_wide, points, score_against
from gatebench.report.figures.style import figure_settings
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import outcome, task_trials


def test_a_point_is_a_metric_and_the_validation_score() -> None:
    trials = task_trials([outcome("a", 1), outcome("b", 0), outcome("b", 2, gate__l0__keep__f__mean=0.5)])
    assert points(trials, "seconds") == {"a": [(2.0, 0.51)], "b": [(1.0, 0.5), (3.0, 0.52)]}
    assert points(trials, "keep/l0") == {"b": [(0.5, 0.52)]}


def test_only_positive_ranges_of_about_a_decade_are_wide() -> None:
    assert is_wide([1.0, 10.0])
    assert not is_wide([0.0, 10.0])
    assert not is_wide([1.0, 2.0])


def test_cells_without_the_metric_have_no_entry_in_the_legend() -> None:
    trials = task_trials([outcome("a", 0), outcome("b", 0, x=2.0), outcome("c", 0, x=20.0)])
    with figure_settings():
        drawing = score_against(trials, {"x": "size", "absent": "none"})
        assert [text.get_text() for text in drawing.figure.legends[0].get_texts()] == ["b", "c"]
        assert len(drawing.axes) == 1
        assert drawing.axes[0].get_xscale() == "log"
    with pytest.raises(NothingToDrawError, match="has the metric size or cost"):
        score_against(trials, {"y": "size", "z": "cost"})
