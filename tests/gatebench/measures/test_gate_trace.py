"""The sums of one trace, against numpy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatebench.measures.gate_bins import SIGNED, UNBOUNDED, UNIT, Bins
from gatebench.measures.gate_trace import sum_gate, sum_pair
from tests.gatebench.measures.gate_examples import changes, counted, unit_trace

LENGTHS = torch.tensor([7, 1, 0, 4, 6])


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("bins", [UNIT, SIGNED, UNBOUNDED])
def test_sums_are_those_of_numpy(lengths: torch.Tensor | None, bins: Bins) -> None:
    values = unit_trace()
    if bins is not UNIT:
        values = values * 2 - 1 if bins is SIGNED else values * 30 - 15
    sums, array, pairs = sum_gate(values, lengths, bins), counted(values, lengths), changes(values, lengths)
    assert (sums.steps, sums.pairs) == (len(array), len(pairs))
    np.testing.assert_allclose(sums.total, array.sum(0), rtol=1e-12)
    np.testing.assert_allclose(sums.squares, array.var(0) * len(array), rtol=1e-12)
    if bins is UNIT:
        np.testing.assert_array_equal(sums.left_share, (array < 0.1).mean(0))
        np.testing.assert_array_equal(sums.right_share, (array > 0.9).mean(0))
    np.testing.assert_allclose(sums.change, pairs.sum(0), rtol=1e-12)
    for unit in range(3):
        np.testing.assert_array_equal(sums.histogram[unit], np.histogram(array[:, unit], bins.edges)[0])


def test_padding_does_not_count_even_if_it_is_nan() -> None:
    values = unit_trace()
    expected = sum_gate(values, LENGTHS, UNIT)
    for b, end in enumerate(LENGTHS.tolist()):
        values[end:, b] = math.nan
    sums = sum_gate(values, LENGTHS, UNIT)
    for name in ("total", "squares", "histogram", "change"):
        np.testing.assert_array_equal(getattr(sums, name), getattr(expected, name))


@given(st.floats(0, 1, width=32))
def test_a_value_is_between_the_edges_of_its_bin(value: float) -> None:
    edges = UNIT.edges
    index = int(sum_gate(torch.tensor([[[value]]]), None, UNIT).histogram[0].argmax())
    assert edges[index] <= value < edges[index + 1] or (index == 19 and value <= 1)


def test_values_outside_of_the_bins_count_in_the_nearest() -> None:
    values = torch.tensor([-math.inf, -0.1, 1.1, math.inf, 1.0]).reshape(5, 1, 1)
    assert sum_gate(values, None, UNIT).histogram[0].tolist() == [2, *[0] * 18, 3]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_saturation_is_below_0_1_and_above_0_9(dtype: torch.dtype) -> None:
    near = torch.tensor([0.1, 0.9], dtype=dtype)
    values = torch.cat([near, torch.nextafter(near, near + 1), torch.nextafter(near, near - 1)]).reshape(6, 1, 1)
    sums, array = sum_gate(values, None, UNIT), values.double()
    assert sums.left_share.item() == (array < 0.1).double().mean().item()
    assert sums.right_share.item() == (array > 0.9).double().mean().item()


def test_a_gate_that_leaves_0_1_has_no_saturation() -> None:
    with pytest.raises(ValueError, match="no saturation"):
        _ = sum_gate(unit_trace(), None, SIGNED).left_share


def test_half_precision_is_summed_in_double() -> None:
    values = torch.full((3000, 1, 1), 0.3, dtype=torch.bfloat16)
    assert sum_gate(values, None, UNIT).mean.item() == pytest.approx(float(values[0]), rel=1e-12)


def test_a_trace_with_gradients_is_left_alone() -> None:
    values = unit_trace().requires_grad_()
    assert sum_gate(values, None, UNIT).total.sum() == pytest.approx(float(values.detach().sum()))
    assert sum_pair(values, values, None, ("f", "i")).products.all()
    assert values.grad is None


def test_products_are_those_of_numpy() -> None:
    x, y = unit_trace(), unit_trace(seed=1)
    a, b = counted(x, LENGTHS), counted(y, LENGTHS)
    expected = ((a - a.mean(0)) * (b - b.mean(0))).sum(0)
    np.testing.assert_allclose(sum_pair(x, y, LENGTHS, ("f", "i")).products, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("lengths", [[7, 7], [8, 1, 1, 1, 1], [-1, 1, 1, 1, 1]])
def test_wrong_lengths_are_refused(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="lengths must be 5 numbers from 0 to 7"):
        sum_gate(unit_trace(), torch.tensor(lengths), UNIT)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(T, B, H\)"):
        sum_gate(unit_trace()[0], None, UNIT)
