"""Gate statistics against numpy, under padding, splitting and NaN."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gatebench.measures.gate_statistics import (
    BatchGateSums,
    merge_sums,
    sum_gate,
    sum_trace,
    sums_to_metrics,
    timescale,
    trace_metrics,
)


def trace(T: int = 7, B: int = 5, H: int = 3, seed: int = 0) -> Tensor:
    """Return values in (0, 1) that reach both ends, shape (T, B, H)."""
    return torch.sigmoid(4 * torch.randn(T, B, H, generator=torch.Generator().manual_seed(seed)))


def test_figures_are_those_of_numpy() -> None:
    f, g = trace(), 2 * trace(seed=1) - 1
    figures = trace_metrics({0: {"f": f, "g": g}, 1: {"f": f / 2}}, unit_gates={"f"})
    values = f.double().numpy()
    assert figures["gate/l0/f/mean"] == pytest.approx(values.mean(), rel=1e-14)
    assert figures["gate/l0/f/std"] == pytest.approx(values.std(), rel=1e-13)
    assert figures["gate/l0/f/left"] == (values < 0.1).mean() > 0.1
    assert figures["gate/l0/f/right"] == (values > 0.9).mean() > 0.1
    assert figures["gate/l0/f/tau"] == pytest.approx(-1 / np.log(values.mean()), rel=1e-12)
    assert figures["gate/l1/f/mean"] == pytest.approx(figures["gate/l0/f/mean"] / 2, rel=1e-7)
    assert {name for name in figures if "/g/" in name} == {"gate/l0/g/mean", "gate/l0/g/std"}


def test_each_unit_has_its_own_figures() -> None:
    values = trace()
    sums, array = sum_gate(values), values.double().numpy().reshape(-1, 3)
    for got, expected in [
        (sums.mean, array.mean(0)),
        (sums.std, array.std(0)),
        (sums.left_saturated, (array < 0.1).mean(0)),
        (sums.right_saturated, (array > 0.9).mean(0)),
    ]:
        torch.testing.assert_close(got, torch.from_numpy(expected), rtol=1e-12, atol=0)


def test_padding_does_not_count_even_if_it_is_nan() -> None:
    values, lengths = trace(), torch.tensor([7, 1, 0, 4, 6])
    kept = torch.cat([values[:n, b] for b, n in enumerate(lengths.tolist())])
    for b, n in enumerate(lengths.tolist()):
        values[n:, b] = math.nan
    padded = trace_metrics({0: {"f": values}}, lengths, unit_gates={"f"})
    assert padded == pytest.approx(trace_metrics({0: {"f": kept[:, None]}}, unit_gates={"f"}), rel=1e-14)


@given(st.integers(0, 10**6), st.integers(1, 5), st.data())
def test_parts_add_up_to_the_whole(seed: int, B: int, data: st.DataObject) -> None:
    """Split anywhere, in any order, ragged lengths and empty parts included."""
    values = trace(B=B, seed=seed)
    lengths = torch.tensor(data.draw(st.lists(st.integers(0, 7), min_size=B, max_size=B).filter(any)))
    cut = data.draw(st.integers(0, B))
    parts = [sum_trace({0: {"f": values[:, part]}}, lengths[part]) for part in (slice(cut), slice(cut, None))]
    whole = trace_metrics({0: {"f": values}}, lengths, unit_gates={"f"})
    for one, other in (parts, parts[::-1]):
        assert sums_to_metrics(merge_sums(one, other), {"f"}) == pytest.approx(whole, rel=1e-12, abs=1e-15)


def test_float32_values_far_from_zero_keep_their_spread() -> None:
    values = 1e4 + torch.randn(2000, 1, 1, generator=torch.Generator().manual_seed(0)) / 100
    halves = sum_gate(values[:1000]) + sum_gate(values[1000:])
    assert halves.std.item() == pytest.approx(values.double().numpy().std(), rel=1e-9)


def test_nan_is_seen_in_every_figure_of_its_unit_and_of_the_gate() -> None:
    values = trace()
    values[3, 2, 1] = math.nan
    sums = sum_gate(values[:, :2]) + sum_gate(values[:, 2:])
    for figure in (sums.mean, sums.std, sums.left_saturated, sums.right_saturated):
        assert figure.isnan().tolist() == [False, True, False]
    assert all(map(math.isnan, sums_to_metrics({(0, "f"): sums}, {"f"}).values()))


def test_infinity_is_the_same_however_it_is_split() -> None:
    values = trace()
    values[:, ::2, 0] = math.inf
    whole, parts = sum_gate(values), sum_gate(values[:, :2]) + sum_gate(values[:, 2:])
    assert whole.mean[0].item() == parts.mean[0].item() == math.inf
    assert whole.std[0].isnan()
    assert parts.std[0].isnan()


def test_the_ends_of_saturation_are_open() -> None:
    sums = sum_gate(torch.tensor([0.1, 0.9, 0.05, 0.95], dtype=torch.float64).reshape(4, 1, 1))
    assert (sums.left_saturated.item(), sums.right_saturated.item()) == (0.25, 0.25)


def test_nothing_counted_is_nan_and_not_zero() -> None:
    figures = trace_metrics({0: {"f": trace()}}, torch.zeros(5, dtype=torch.long), unit_gates={"f"})
    assert len(figures) == 5
    assert all(map(math.isnan, figures.values()))


def test_half_precision_is_summed_in_double() -> None:
    values = torch.full((3000, 1, 1), 0.3, dtype=torch.bfloat16)
    assert sum_gate(values).mean.item() == pytest.approx(float(values[0]), rel=1e-12)


def test_a_trace_with_gradients_is_left_alone() -> None:
    values = trace().requires_grad_()
    assert not sum_gate(values).total.requires_grad


@pytest.mark.parametrize("steps", [1.0, 10.0, 784.0])
def test_timescale_is_where_a_state_has_decayed_to_one_part_in_e(steps: float) -> None:
    f = math.exp(-1 / steps)
    assert timescale(f) == pytest.approx(steps)
    assert f ** timescale(f) == pytest.approx(1 / math.e)


def test_timescale_at_and_beyond_the_ends() -> None:
    assert (timescale(0.0), timescale(1.0)) == (0.0, math.inf)
    assert math.isnan(timescale(math.nan))
    for outside in (-0.1, 1.1):
        with pytest.raises(ValueError, match="cannot have the mean"):
            timescale(outside)


@pytest.mark.parametrize("lengths", [[7, 7], [8, 1, 1, 1, 1], [-1, 1, 1, 1, 1]])
def test_wrong_lengths_are_refused(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="lengths must be 5 numbers from 0 to 7"):
        sum_gate(trace(), torch.tensor(lengths))


def test_wrong_shapes_and_foreign_parts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(T, B, H\)"):
        sum_gate(trace()[0])
    one: dict[tuple[int, str], BatchGateSums] = sum_trace({0: {"f": trace()}})
    with pytest.raises(ValueError, match="one network"):
        merge_sums(one, sum_trace({0: {"z": trace()}}))
