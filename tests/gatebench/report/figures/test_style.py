from itertools import pairwise

import matplotlib as mpl
import pytest

from gatebench.report.figures.style import (
    DASHES,
    GREY,
    MARKS,
    cell_styles,
    figure_settings,
    new_drawing,
    set_log_axis,
)


def test_neighbours_differ_in_mark_and_dashes() -> None:
    cells = [str(index) for index in range(20)]
    styles = list(cell_styles(cells, {"0": "#123456"}).values())
    assert styles[0].colour == "#123456"
    assert styles[1].colour == GREY
    for one, other in pairwise(styles):
        assert one.mark != other.mark
        assert one.dashes != other.dashes
    assert len(set(MARKS)) >= 8
    assert len(DASHES) == 4


def test_the_settings_of_the_user_have_no_effect_and_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    def picture() -> bytes:
        with figure_settings():
            drawing = new_drawing(3.0, 2.0)
            drawing.axes[0].plot([0, 1], [0, 1])
            return drawing.render(["svg"])["svg"]

    before = picture()
    monkeypatch.setitem(mpl.rcParams, "font.size", 30.0)
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "red")
    assert picture() == before
    assert b"date" not in before.lower()
    assert mpl.rcParams["font.size"] == 30.0


def test_a_long_caption_has_several_lines_inside_the_figure() -> None:
    with figure_settings():
        drawing = new_drawing(3.0, 2.0)
        drawing.caption("several words " * 10 + "\nlast")
        drawing.render(["svg"])
        title = drawing.figure.texts[0]
        assert title.get_text().splitlines()[-1] == "last"
        assert title.get_window_extent().x1 <= drawing.figure.bbox.x1


def test_the_legend_and_the_caption_do_not_cover_the_axes() -> None:
    styles = cell_styles([f"lstm_variant_{index}" for index in range(9)], {})
    for lines in (False, True):
        with figure_settings():
            drawing = new_drawing(3.5, 3.0)
            drawing.axes[0].set_xlabel("parameters")
            drawing.caption("digits")
            drawing.legend(styles, lines=lines)
            drawing.render(["png"])
            (legend,) = drawing.figure.legends
            box = legend.get_window_extent()
            assert box.x0 >= 0
            assert box.x1 <= drawing.figure.bbox.x1
            inside = drawing.axes[0].get_tightbbox()
            assert inside is not None
            assert box.y1 <= inside.y0 + 1


@pytest.mark.parametrize(
    ("values", "labels"),
    [([400.0, 15000.0], {"500", "1000", "10000"}), ([1e-6, 1e-2], {"1e-06", "0.0001", "0.01"}), ([0.0, -1.0], {"1"})],
)
def test_numbers_of_logarithmic_axes_are_plain(values: list[float], labels: set[str]) -> None:
    with figure_settings():
        drawing = new_drawing(3.5, 3.0)
        (axes,) = drawing.axes
        axes.plot([value for value in values if value > 0], [1.0] * sum(value > 0 for value in values))
        set_log_axis(axes, "x", values)
        drawing.render(["svg"])
        assert labels <= {label.get_text() for label in axes.get_xticklabels()}
