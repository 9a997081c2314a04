import pytest
import torch
from torch import Tensor

from tasks.blocks.splits import TensorSplit

N, T, I = 12, 7, 3  # noqa: E741


@pytest.fixture
def x() -> Tensor:
    return torch.randn(N, T, I, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def y() -> Tensor:
    return torch.arange(N)


INDICES = torch.tensor([5, 0, 5, 11])


def test_examples_come_time_first_and_in_order(x: Tensor, y: Tensor) -> None:
    batch = TensorSplit(x, y).batch(INDICES)
    assert batch.x.shape == (T, 4, I)
    assert batch.x.is_contiguous()
    assert batch.lengths is None
    for column, index in enumerate(INDICES.tolist()):
        assert torch.equal(batch.x[:, column], x[index])
        assert batch.y[column] == index


def test_a_batch_is_cut_after_its_longest_example(x: Tensor, y: Tensor) -> None:
    lengths = torch.tensor([1, 7, 7, 7, 7, 4, 7, 7, 7, 7, 7, 3])
    batch = TensorSplit(x, y, lengths).batch(INDICES)
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [4, 1, 4, 3]
    assert torch.equal(batch.x, x[INDICES, :4].transpose(0, 1))


@pytest.mark.parametrize("shape", [(N, T), (N, T, 2)])
def test_targets_of_every_step_are_time_first_and_cut_too(x: Tensor, shape: tuple[int, ...]) -> None:
    y = torch.arange(torch.Size(shape).numel()).reshape(shape)
    lengths = torch.full((N,), 5)
    assert torch.equal(TensorSplit(x, y, y_per_step=True).batch(INDICES).y, y[INDICES].transpose(0, 1))
    assert torch.equal(TensorSplit(x, y, lengths, y_per_step=True).batch(INDICES).y, y[INDICES, :5].transpose(0, 1))


def test_targets_of_an_example_stay_batch_first(x: Tensor) -> None:
    y = torch.arange(N * T).reshape(N, T)  # K = T: told apart by y_per_step alone
    assert torch.equal(TensorSplit(x, y).batch(INDICES).y, y[INDICES])


def test_bytes_become_floats_up_to_exactly_one() -> None:
    x = torch.arange(256, dtype=torch.uint8).reshape(2, 128, 1)
    batch = TensorSplit(x, torch.zeros(2), full_scale=255).batch(torch.tensor([0, 1]))
    assert batch.x.dtype == torch.float32
    assert torch.equal(batch.x.transpose(0, 1).flatten(), torch.arange(256) / 255)
    assert batch.x.max() == 1


def test_tokens_stay_whole_numbers(y: Tensor) -> None:
    x = torch.arange(N * T, dtype=torch.int32).reshape(N, T)
    batch = TensorSplit(x, y).batch(INDICES)
    assert batch.x.dtype == torch.int32
    assert torch.equal(batch.x, x[INDICES].T)


@pytest.mark.parametrize("full_scale", [None, 2.0])
def test_a_batch_may_be_changed_without_harm(x: Tensor, y: Tensor, full_scale: float | None) -> None:
    split, kept = TensorSplit(x, y, full_scale=full_scale), x.clone()
    batch = split.batch(torch.arange(N))
    batch.x.zero_()
    batch.y.zero_()
    assert torch.equal(split.x, kept)
    assert torch.equal(split.y, torch.arange(N))


@pytest.mark.parametrize(
    "lengths", [torch.zeros(N, dtype=torch.int64), torch.full((N,), T + 1), torch.full((N - 1,), T), torch.ones(N)]
)
def test_impossible_lengths_are_refused(x: Tensor, y: Tensor, lengths: Tensor) -> None:
    with pytest.raises(ValueError, match="lengths must be"):
        TensorSplit(x, y, lengths)


def test_tensors_that_disagree_are_refused(x: Tensor, y: Tensor) -> None:
    with pytest.raises(ValueError, match="disagree"):
        TensorSplit(x, y[1:])
    with pytest.raises(ValueError, match="disagree"):
        TensorSplit(x, torch.zeros(N, T + 1), y_per_step=True)
