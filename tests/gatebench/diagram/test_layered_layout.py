from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import isotonic_regression

from gatebench import cell_names
from gatebench.diagram.layered_layout import _isotonic_regression, layered_layout
from gatebench.diagram.svg import _sizes
from tests.gatebench.diagram.test_diagram import drawn


@pytest.mark.parametrize("name", cell_names())
def test_nodes_do_not_overlap_and_no_edge_runs_through_a_node(name: str) -> None:
    picture = drawn(name)
    sizes = _sizes(picture)
    lines = [(e.source, e.target, e.kind) for e in picture.edges]
    inputs = {n.name for n in picture.nodes.values() if n.kind == "input"}
    placed = layered_layout(sizes, lines, inputs, set())

    def inside(point: tuple[float, float], node: str, margin: float = 1.0) -> bool:
        (x, y), (wide, tall) = placed.centres[node], sizes[node]
        return abs(point[0] - x) < wide / 2 - margin and abs(point[1] - y) < tall / 2 - margin

    for a, b in combinations(sizes, 2):
        (ax, ay), (bx, by) = placed.centres[a], placed.centres[b]
        assert abs(ax - bx) >= (sizes[a][0] + sizes[b][0]) / 2 or abs(ay - by) >= (sizes[a][1] + sizes[b][1]) / 2
    for points in placed.routes:
        assert not any(inside(point, node) for point in points for node in sizes)
    for a, b, _ in lines:
        assert placed.centres[a][0] < placed.centres[b][0]


def test_an_edge_that_passes_a_layer_goes_around_its_node() -> None:
    sizes = {"a": (20.0, 20.0), "b": (20.0, 20.0), "c": (20.0, 20.0)}
    placed = layered_layout(sizes, [("a", "b", ""), ("b", "c", ""), ("a", "c", "")], {"a"}, {"c"})
    assert len(placed.routes[2]) == 4
    assert all(abs(y - placed.centres["b"][1]) > 10 for _, y in placed.routes[2][1:3])


def test_edges_that_need_not_cross_do_not_cross() -> None:
    sizes = dict.fromkeys("abcxyz", (20.0, 20.0))
    placed = layered_layout(sizes, [("a", "z", ""), ("b", "y", ""), ("c", "x", "")], set("abc"), set())
    above = sorted("abc", key=lambda n: placed.centres[n][1])
    assert sorted("zyx", key=lambda n: placed.centres[n][1]) == [{"a": "z", "b": "y", "c": "x"}[n] for n in above]


def test_isotonic_regression() -> None:
    assert _isotonic_regression([1.0, 3.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0]) == [1.0, 2.5, 2.5, 5.0]
    assert _isotonic_regression([3.0, 0.0], [2.0, 1.0]) == [2.0, 2.0]


def test_isotonic_regression_agrees_with_scipy() -> None:
    generator = np.random.default_rng(0)
    for size in (1, 2, 7, 30):
        values, weights = generator.normal(size=size), generator.uniform(0.1, 3.0, size=size)
        expected = isotonic_regression(values, weights=weights).x
        assert _isotonic_regression(list(values), list(weights)) == pytest.approx(expected, abs=1e-12)
