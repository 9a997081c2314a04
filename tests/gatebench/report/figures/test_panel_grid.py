from matplotlib.axes import Axes

from gatebench.report.figures.panel_grid import corner_text, panel_grid
from gatebench.report.figures.style import figure_settings


def test_a_panel_is_drawn_in_its_row_and_column() -> None:
    drawn: list[Axes] = []
    with figure_settings():
        drawing = panel_grid({("b", "y"): drawn.append}, ["a", "b"], ["x", "y"], 1.0)
        corner_text(drawing.axes[3], "corner")
    assert drawn == [drawing.axes[3]]
    assert [axes.get_title(loc="left") for axes in drawing.axes] == ["a", "", "b", ""]
    assert [[text.get_text() for text in axes.texts] for axes in drawing.axes] == [["–"], ["–"], ["–"], ["corner"]]
