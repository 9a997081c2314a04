from itertools import pairwise

import matplotlib as mpl
import pytest

from gatebench.report.figures.style import DASHES, GREY, MARKS, cell_styles, drawing


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
        with drawing(3.0, 2.0) as figure:
            figure.axes[0].plot([0, 1], [0, 1])
            return figure.svg()

    before = picture()
    monkeypatch.setitem(mpl.rcParams, "font.size", 30.0)
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "red")
    assert picture() == before
    assert mpl.rcParams["font.size"] == 30.0
