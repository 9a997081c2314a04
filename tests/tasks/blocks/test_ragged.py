import pytest
import torch
from torch import Tensor

from tasks.blocks.ragged import RaggedSplit

STARTS, LENGTHS = torch.tensor([0, 5, 2, 9]), torch.tensor([3, 4, 1, 2])
INDICES = torch.tensor([1, 0, 1, 3])
S = 12


@pytest.fixture(params=[(S,), (S, 3)], ids=["tokens", "vectors"])
def values(request: pytest.FixtureRequest) -> Tensor:
    """The numbers from 1, and zeros behind them."""
    shape = torch.Size(request.param)
    numbers = torch.arange(1, 1 + shape.numel(), dtype=torch.int32).reshape(shape)
    return torch.cat([numbers, torch.zeros_like(numbers[:1])])


def test_examples_come_time_first_with_zeros_behind(values: Tensor) -> None:
    y = torch.tensor([3, 2, 1, 0])
    batch = RaggedSplit(values, STARTS, LENGTHS, y).batch(INDICES)
    assert batch.x.shape == (4, 4, *values.shape[1:])
    assert batch.x.dtype == torch.int32
    assert batch.x.is_contiguous()
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [4, 3, 4, 2]
    assert batch.y.tolist() == [2, 3, 2, 0]
    for column, index in enumerate(INDICES.tolist()):
        start, length = STARTS[index], LENGTHS[index]
        assert torch.equal(batch.x[:length, column], values[start : start + length])
        assert not batch.x[length:, column].any()


@pytest.mark.parametrize("y", [torch.tensor([3, 2, 1, 0]), None], ids=["given", "next"])
def test_a_batch_of_one_is_a_part_of_a_larger_one(values: Tensor, y: Tensor | None) -> None:
    split = RaggedSplit(values, STARTS, LENGTHS, y)
    for index, length in enumerate(LENGTHS.tolist()):
        one, larger = split.batch(torch.tensor([index])), split.batch(torch.tensor([index, 1]))
        assert torch.equal(one.x, larger.x[:length, :1])
        assert torch.equal(one.y, larger.y[:length, :1] if y is None else larger.y[:1])
        assert one.lengths is not None
        assert one.lengths.tolist() == [length]
        assert one.x.is_contiguous()
        one.x.zero_()
        assert values[STARTS[index]].any()


def test_the_target_of_a_step_is_the_value_after_it(values: Tensor) -> None:
    batch = RaggedSplit(values, STARTS, LENGTHS).batch(INDICES)
    assert batch.y.shape == batch.x.shape
    for column, index in enumerate(INDICES.tolist()):
        start, length = STARTS[index] + 1, LENGTHS[index]
        assert torch.equal(batch.y[:length, column], values[start : start + length])
        assert not batch.y[length:, column].any()


def test_a_batch_is_cut_after_its_longest_example(values: Tensor) -> None:
    batch = RaggedSplit(values, STARTS, LENGTHS).batch(torch.tensor([2, 3]))
    assert len(batch.x) == len(batch.y) == 2


def test_a_batch_may_be_changed_without_harm(values: Tensor) -> None:
    kept, y = values.clone(), torch.arange(4)
    batch = RaggedSplit(values, STARTS, LENGTHS, y).batch(torch.arange(4))
    batch.x.zero_()
    batch.y.zero_()
    assert torch.equal(values, kept)
    assert torch.equal(y, torch.arange(4))


@pytest.mark.parametrize(
    ("starts", "lengths"),
    [([0], [0]), ([-1], [2]), ([10], [3]), ([0], [-1]), ([S], [1])],
)
def test_impossible_examples_are_refused(values: Tensor, starts: list[int], lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="lie within"):
        RaggedSplit(values, torch.tensor(starts), torch.tensor(lengths), torch.tensor([0]))


def test_the_last_value_has_none_after_it(values: Tensor) -> None:
    RaggedSplit(values, torch.tensor([9]), torch.tensor([3]), torch.tensor([0]))
    with pytest.raises(ValueError, match="lie within"):
        RaggedSplit(values, torch.tensor([9]), torch.tensor([3]))


def test_tensors_that_disagree_are_refused(values: Tensor) -> None:
    with pytest.raises(ValueError, match="disagree"):
        RaggedSplit(values, STARTS, LENGTHS[1:])
    with pytest.raises(ValueError, match="disagree"):
        RaggedSplit(values, STARTS, LENGTHS, torch.arange(3))
    with pytest.raises(ValueError, match="int64"):
        RaggedSplit(values, STARTS.int(), LENGTHS, torch.arange(4))
    with pytest.raises(ValueError, match="int64"):
        RaggedSplit(values, STARTS, None, torch.arange(4))
