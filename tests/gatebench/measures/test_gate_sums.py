"""Sums of gates: parts add up to the whole."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatebench.measures.gate_bins import SIGNED, UNBOUNDED, UNIT
from gatebench.measures.gate_sums import GateSums, PairSums, TraceSums
from gatebench.measures.gate_trace import sum_gate, sum_pair
from tests.gatebench.measures.gate_examples import changes, counted, unit_trace


def whole_network(seed: int, lengths: torch.Tensor, part: slice) -> TraceSums:
    x, y = unit_trace(B=len(lengths), seed=seed)[:, part], unit_trace(B=len(lengths), seed=seed + 1)[:, part]
    gates = {(0, "f"): sum_gate(x, lengths[part], UNIT), (0, "i"): sum_gate(y, lengths[part], UNIT)}
    return TraceSums(gates, {0: sum_pair(x, y, lengths[part], ("f", "i"))})


def close(one: GateSums, other: GateSums) -> None:
    for name in ("steps", "pairs"):
        assert getattr(one, name) == getattr(other, name)
    np.testing.assert_array_equal(one.histogram, other.histogram)
    for name in ("total", "squares", "change"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12, atol=1e-14)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 7), min_size=1, max_size=5).filter(any), st.data())
def test_parts_add_up_to_the_whole(seed: int, ends: list[int], data: st.DataObject) -> None:
    """Split anywhere, in any order, ragged lengths and empty parts included."""
    lengths = torch.tensor(ends)
    cut = data.draw(st.integers(0, len(ends)))
    parts = [whole_network(seed, lengths, part) for part in (slice(cut), slice(cut, None))]
    whole = whole_network(seed, lengths, slice(None))
    for one, other in (parts, parts[::-1]):
        merged = one + other
        for key, sums in whole.gates.items():
            close(merged.gates[key], sums)
        np.testing.assert_allclose(merged.pairs[0].products, whole.pairs[0].products, rtol=1e-11, atol=1e-13)


def test_the_statistics_of_units_are_those_of_numpy() -> None:
    values = unit_trace()
    sums, array = sum_gate(values, None, UNIT), counted(values, None)
    for got, expected in [
        (sums.mean, array.mean(0)),
        (sums.std, array.std(0)),
        (sums.left_share, (array < 0.1).mean(0)),
        (sums.right_share, (array > 0.9).mean(0)),
        (sums.mean_change, changes(values, None).mean(0)),
    ]:
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=0)


def test_the_pool_has_the_values_of_all_units() -> None:
    values = unit_trace()
    pool, array = sum_gate(values, None, UNIT).pooled(), counted(values, None).ravel()
    assert pool.mean == pytest.approx(array.mean(), rel=1e-13)
    assert pool.std == pytest.approx(array.std(), rel=1e-12)
    assert pool.left_share == (array < 0.1).mean()
    assert pool.right_share == (array > 0.9).mean()
    assert pool.change == pytest.approx(changes(values, None).mean(), rel=1e-12)
    assert pool.histogram.sum() == array.size == pool.values


def test_the_correlation_is_that_of_numpy() -> None:
    x = unit_trace(seed=3)
    y = 0.5 * x + 0.5 * unit_trace(seed=4)
    lengths = torch.tensor([7, 1, 0, 4, 6])
    gates = {(0, "f"): sum_gate(x, lengths, UNIT), (0, "i"): sum_gate(y, lengths, UNIT)}
    sums = TraceSums(gates, {0: sum_pair(x, y, lengths, ("f", "i"))})
    expected = np.corrcoef(counted(x, lengths).ravel(), counted(y, lengths).ravel())[0, 1]
    assert sums.correlation(0) == pytest.approx(expected, rel=1e-12)
    assert 0.3 < expected < 0.99


def test_the_correlation_with_a_constant_is_nan() -> None:
    x, y = unit_trace(), torch.full((7, 5, 3), 0.5)
    gates = {(0, "f"): sum_gate(x, None, UNIT), (0, "i"): sum_gate(y, None, UNIT)}
    assert math.isnan(TraceSums(gates, {0: sum_pair(x, y, None, ("f", "i"))}).correlation(0))


def test_float32_values_far_from_zero_keep_their_spread() -> None:
    values = 1e4 + torch.randn(2000, 1, 1, generator=torch.Generator().manual_seed(0)) / 100
    halves = sum_gate(values[:1000], None, UNBOUNDED) + sum_gate(values[1000:], None, UNBOUNDED)
    assert halves.std.item() == pytest.approx(values.double().numpy().std(), rel=1e-9)


def test_nan_is_seen_in_every_figure_of_its_unit() -> None:
    values = unit_trace()
    values[3, 2, 1] = math.nan
    sums = sum_gate(values[:, :2], None, UNIT) + sum_gate(values[:, 2:], None, UNIT)
    for figure in (sums.mean, sums.std, sums.left_share, sums.right_share, sums.mean_change):
        assert np.isnan(figure).tolist() == [False, True, False]


def test_infinity_is_the_same_however_it_is_split() -> None:
    values = unit_trace()
    values[:, ::2, 0] = math.inf
    whole = sum_gate(values, None, UNBOUNDED)
    parts = sum_gate(values[:, :2], None, UNBOUNDED) + sum_gate(values[:, 2:], None, UNBOUNDED)
    assert whole.mean[0].item() == parts.mean[0].item() == math.inf
    assert np.isnan(whole.std[0])
    assert np.isnan(parts.std[0])
    assert whole.histogram[0, -1] == parts.histogram[0, -1] == 21


def test_other_parts_are_refused() -> None:
    values = unit_trace()
    f, z = sum_gate(values, None, UNIT), sum_gate(values, None, SIGNED)
    with pytest.raises(ValueError, match="cannot be added"):
        f + z
    with pytest.raises(ValueError, match="one network"):
        TraceSums({(0, "f"): f}, {}) + TraceSums({(0, "z"): f}, {})
    pairs = [{0: PairSums((a, b), f.total)} for a, b in ("fi", "if")]
    gates = {(0, "f"): f, (0, "i"): f}
    with pytest.raises(ValueError, match="products"):
        TraceSums(gates, pairs[0]) + TraceSums(gates, pairs[1])
