from math import nan

import pytest

from gatebench.report.figures.bands import MOST_FOR_RANGE, MOST_IN_ONE, BandAxes, band_text, bands_of, draw_bands
from gatebench.report.figures.style import cell_styles, figure_settings


def test_a_band_is_the_median_and_the_range() -> None:
    band = bands_of({"a": [{0.0: 0.1, 1.0: 0.5}, {0.0: 0.2, 1.0: 0.9}, {0.0: 0.6, 1.0: 0.4}]})["a"]
    assert (band.x, band.median, band.low, band.high) == ([0.0, 1.0], [0.2, 0.5], [0.1, 0.4], [0.6, 0.9])
    assert band.trials == 3
    assert "from the least to the greatest" in band_text({"a": band})


def test_a_band_ends_where_most_trials_have_no_value() -> None:
    def places(*curves: list[float]) -> list[float]:
        return list(bands_of({"a": [{float(x): y for x, y in enumerate(curve)} for curve in curves]})["a"].x)

    assert places([0.1, 0.2, 0.3], [0.1], [0.1]) == [0.0]
    assert places([0.1, 0.2, 0.3], [0.1, 0.1], [0.1]) == [0.0, 1.0]
    assert places([0.1, 0.2], [0.1]) == [0.0, 1.0]
    assert places([0.1, nan, 0.2], [0.1, nan, 0.1]) == [0.0, 2.0]


def test_many_trials_have_a_band_between_quartiles() -> None:
    band = bands_of({"a": [{0.0: float(index)} for index in range(MOST_FOR_RANGE + 1)]})["a"]
    assert band.low[0] == pytest.approx(2.5, abs=0.4)
    assert band.median == [5.0]
    assert "between the quartiles" in band_text({"a": band})


def test_cells_without_values_have_no_band() -> None:
    assert bands_of({"a": [], "b": [{}], "c": [{0.0: nan}]}) == {}


@pytest.mark.parametrize("count", [1, MOST_IN_ONE, MOST_IN_ONE + 1, 9])
def test_many_cells_have_axes_each(count: int) -> None:
    cells = [f"cell {n}" for n in range(count)]
    bands = bands_of({cell: [{0.0: 1.0, 1.0: 1e-3}, {0.0: 2.0, 1.0: 1e-4}] for cell in cells})
    with figure_settings():
        drawing = draw_bands(bands, cell_styles(cells, {}), BandAxes("lag", "norm", log_y=True))
        assert len(drawing.axes) == (1 if count <= MOST_IN_ONE else count)
        assert all(axes.get_yscale() == "log" for axes in drawing.axes)
        assert drawing.render(["svg"])["svg"]
