from itertools import combinations

import pytest

from gatebench import cell_names
from gatebench.diagram.layered_layout import _rising, place
from gatebench.diagram.svg import _sizes
from tests.gatebench.diagram.test_diagram import drawn


@pytest.mark.parametrize("name", cell_names())
def test_no_node_lies_on_another_and_no_line_runs_through_one(name: str) -> None:
    picture = drawn(name)
    sizes = _sizes(picture)
    lines = [(e.source, e.target, e.kind) for e in picture.edges]
    inputs = {n.name for n in picture.nodes.values() if n.kind == "input"}
    placed = place(sizes, lines, inputs, set())

    def inside(point: tuple[float, float], node: str, margin: float = 1.0) -> bool:
        (x, y), (wide, tall) = placed.centres[node], sizes[node]
        return abs(point[0] - x) < wide / 2 - margin and abs(point[1] - y) < tall / 2 - margin

    for a, b in combinations(sizes, 2):
        (ax, ay), (bx, by) = placed.centres[a], placed.centres[b]
        assert abs(ax - bx) >= (sizes[a][0] + sizes[b][0]) / 2 or abs(ay - by) >= (sizes[a][1] + sizes[b][1]) / 2
    for points in placed.lines:
        assert not any(inside(point, node) for point in points for node in sizes)
    for a, b, _ in lines:
        assert placed.centres[a][0] < placed.centres[b][0]


def test_a_line_that_passes_a_layer_goes_around_its_node() -> None:
    sizes = {"a": (20.0, 20.0), "b": (20.0, 20.0), "c": (20.0, 20.0)}
    placed = place(sizes, [("a", "b", ""), ("b", "c", ""), ("a", "c", "")], {"a"}, {"c"})
    assert len(placed.lines[2]) == 4
    assert all(abs(y - placed.centres["b"][1]) > 10 for _, y in placed.lines[2][1:3])


def test_lines_that_need_not_cross_do_not() -> None:
    sizes = dict.fromkeys("abcxyz", (20.0, 20.0))
    placed = place(sizes, [("a", "z", ""), ("b", "y", ""), ("c", "x", "")], set("abc"), set())
    above = sorted("abc", key=lambda n: placed.centres[n][1])
    assert sorted("zyx", key=lambda n: placed.centres[n][1]) == [{"a": "z", "b": "y", "c": "x"}[n] for n in above]


def test_the_nearest_numbers_that_never_fall() -> None:
    assert _rising([1.0, 3.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0]) == [1.0, 2.5, 2.5, 5.0]
    assert _rising([3.0, 0.0], [2.0, 1.0]) == [2.0, 2.0]
