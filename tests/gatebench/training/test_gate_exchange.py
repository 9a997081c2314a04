import numpy as np
import pytest
import torch

from gatebench import load_cell
from gatebench.derive.roles import roles
from gatebench.measures.gate_recorder import GateRecorder
from gatebench.measures.gate_sums import TraceSums
from gatebench.training.gate_exchange import from_bytes, sum_over_ranks, to_bytes
from gatebench.training.rank_group import NO_GROUP
from tests.gatebench.training.fake_group import on_ranks


def sums_of(values: torch.Tensor) -> TraceSums:
    recorder = GateRecorder(roles(load_cell("lstm")))
    if values.shape[1]:
        recorder.add({0: {"i": values, "f": 1 - values}, 1: {"i": values / 2, "f": values / 3}})
    return recorder.sums


@pytest.fixture
def values() -> torch.Tensor:
    return torch.rand(5, 9, 3, generator=torch.Generator().manual_seed(0))


def equal(ours: TraceSums, theirs: TraceSums) -> None:
    assert [*ours.gates] == [*theirs.gates]
    assert ours.pairs.keys() == theirs.pairs.keys()
    for key, one in ours.gates.items():
        other = theirs.gates[key]
        assert (one.bins, one.steps, one.pairs) == (other.bins, other.steps, other.pairs)
        np.testing.assert_array_equal(one.histogram, other.histogram)
        for name in ("total", "squares", "change"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12)
    for layer, pair in ours.pairs.items():
        assert pair.gates == theirs.pairs[layer].gates
        np.testing.assert_allclose(pair.products, theirs.pairs[layer].products, rtol=1e-9)


def test_bytes_keep_every_sum(values: torch.Tensor) -> None:
    sums = sums_of(values)
    assert sums.pairs
    equal(from_bytes(to_bytes(sums)), sums)
    assert to_bytes(from_bytes(to_bytes(sums))) == to_bytes(sums)
    assert not from_bytes(to_bytes(TraceSums({}, {}))).gates


@pytest.mark.parametrize("sizes", [(5, 4), (9, 0), (0, 9), (3, 0, 6)])
def test_all_ranks_have_the_sums_of_all_examples(values: torch.Tensor, sizes: tuple[int, ...]) -> None:
    parts = [sums_of(part) for part in torch.split(values, list(sizes), 1)]
    found = on_ranks(len(sizes), lambda group: sum_over_ranks(parts[group.ranks.rank], group))
    equal(found[0], sums_of(values))
    assert len({to_bytes(one) for one in found}) == 1


def test_without_other_ranks_nothing_changes(values: torch.Tensor) -> None:
    sums = sums_of(values)
    assert sum_over_ranks(sums, NO_GROUP) is sums
