import math
from itertools import pairwise

import pytest

from gatebench.measures.gate_bins import SIGNED, UNBOUNDED, UNIT, Bins, bins_of


@pytest.mark.parametrize("bins", [UNIT, SIGNED, UNBOUNDED])
def test_edges_ascend_in_equal_steps(bins: Bins) -> None:
    edges = bins.edges
    assert len(edges) == bins.count + 1
    inner = edges[1:-1] if bins.open else edges
    assert [b - a for a, b in pairwise(inner)] == pytest.approx([1 / bins.per_one] * (len(inner) - 1))


def test_the_ends() -> None:
    assert (UNIT.edges[0], UNIT.edges[-1]) == (0.0, 1.0)
    assert (SIGNED.edges[0], SIGNED.edges[10], SIGNED.edges[-1]) == (-1.0, 0.0, 1.0)
    assert (UNBOUNDED.edges[0], UNBOUNDED.edges[-1]) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("low", "high", "bins"),
    [
        (0, 1, UNIT),
        (0.2, 0.5, UNIT),
        (-1, 1, SIGNED),
        (-0.5, 0.5, SIGNED),
        (0, 2, UNBOUNDED),
        (-math.inf, 0, UNBOUNDED),
    ],
)
def test_bins_fit_the_range(low: float, high: float, bins: Bins) -> None:
    assert bins_of(low, high) == bins
