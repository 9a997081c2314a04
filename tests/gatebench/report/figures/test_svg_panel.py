from math import inf, nan
from xml.etree import ElementTree

import pytest

from gatebench.report.figures.svg_panel import Panel, number, picture, ticks, value_range


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ((-0.03, 0.33), [0.0, 0.1, 0.2, 0.3]),
        ((17_000.0, 21_000.0), [17_000.0, 18_000.0, 19_000.0, 20_000.0, 21_000.0]),
        ((-3.0, -1.0), [-3.0, -2.5, -2.0, -1.5, -1.0]),
    ],
)
def test_ticks_are_round_and_inside(bounds: tuple[float, float], expected: list[float]) -> None:
    assert ticks(bounds) == expected


def test_epochs_have_whole_ticks() -> None:
    assert ticks((0.0, 1.0), whole=True) == [0.0, 1.0]
    assert ticks((0.0, 24.0), whole=True) == [0.0, 5.0, 10.0, 15.0, 20.0]


@pytest.mark.parametrize("values", [[], [nan], [inf, -inf], [2.0], [0.0, 0.0], [5e-324], [1.0, inf]])
def test_a_range_is_never_empty(values: list[float]) -> None:
    low, high = value_range(values)
    assert low < high
    assert ticks((low, high))
    assert all(low <= value <= high for value in values if abs(value) < inf)


def test_numbers_are_short() -> None:
    assert [number(value) for value in (0.25, 12_000.0, 1e7, -3.0)] == ["0.25", "12000", "1e+07", "-3"]


def test_what_is_not_finite_is_a_gap() -> None:
    panel = Panel("curve", (0.0, 4.0), (0.0, 1.0))
    panel.line([(0, 0.1), (1, 0.2), (2, nan), (3, 0.3), (4, inf)], "#000")
    panel.mark(nan, 1.0, "#000")
    content = panel.svg()
    assert content.count("<polyline") == 2
    assert content.count("<circle") == 1  # the single point after the gap
    assert "nan" not in content
    assert "inf" not in content


def test_a_picture_is_valid_and_its_texts_are_escaped() -> None:
    panels = [Panel(f"<{index}> & more", (0.0, 1.0), (0.0, 1.0)) for index in range(4)]
    panels[0].bars([0.0, 0.5, 1.0], [0.2, 0.0], "#000")
    root = ElementTree.fromstring(picture("a < b", panels, columns=3))
    assert root.get("width") == str(3 * 340 + 16)
    assert root.get("height") == str(2 * 240 + 48)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a < b", "<0> & more"} < set(texts)
