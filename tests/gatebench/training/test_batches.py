import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gatebench.ranks import Ranks
from gatebench.task import Batch
from gatebench.training.batches import Batches
from tasks.blocks.splits import TensorSplit


class Numbers:
    """A split whose example k is the number k, of length `lengths[k]`."""

    def __init__(self, count: int, lengths: Tensor | None = None) -> None:
        self.count, self.lengths = count, lengths

    def __len__(self) -> int:
        return self.count

    def batch(self, indices: Tensor) -> Batch:
        return Batch(indices, indices, None if self.lengths is None else self.lengths[indices])


def seen(batches: Batches) -> list[int]:
    return [k for batch in batches for k in batch.y.tolist()]


@given(st.integers(0, 300), st.integers(1, 50), st.none() | st.integers(0, 5), st.booleans())
def test_every_example_comes_once_an_epoch(count: int, size: int, seed: int | None, ragged: bool) -> None:
    lengths = torch.randint(1, 20, (count,), generator=torch.Generator().manual_seed(0)) if ragged else None
    batches = Batches(Numbers(count, lengths), size, seed)
    for _ in range(2):
        parts = [len(batch.y) for batch in batches]
        assert len(parts) == len(batches)
        assert all(part == size for part in parts[:-1]) or ragged
        assert sorted(seen(Batches(Numbers(count, lengths), size, seed))) == list(range(count))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    one, other, third = Batches(Numbers(100), 8, 0), Batches(Numbers(100), 8, 0), Batches(Numbers(100), 8, 1)
    torch.manual_seed(1)
    first = seen(one)
    torch.manual_seed(2)
    assert first == seen(other)
    assert first != seen(third)
    assert first == seen(one)
    one.start_at(1)
    other.start_at(1)
    again = seen(one)
    assert again != first
    assert again == seen(other)


def test_the_first_epoch_has_number_0() -> None:
    batches = Batches(Numbers(100), 8, 0)
    first = seen(batches)
    batches.start_at(0)
    assert seen(batches) == first


def test_without_a_seed_the_order_is_the_splits() -> None:
    assert seen(Batches(Numbers(10), 3, None)) == list(range(10))


@pytest.mark.parametrize("seed", [None, 0])
def test_sequences_of_like_length_share_a_batch(seed: int | None) -> None:
    lengths = torch.randint(1, 500, (2000,), generator=torch.Generator().manual_seed(0))
    batches = Batches(Numbers(2000, lengths), 20, seed)
    padded = sum(int(b.lengths.max()) * len(b.y) for b in batches if b.lengths is not None)
    assert padded < 1.1 * int(lengths.sum())


def test_the_time_that_batches_take_is_kept() -> None:
    batches = Batches(Numbers(10), 3, 0)
    assert batches.waited == 0
    seen(batches)
    first = batches.waited
    seen(batches)
    assert batches.waited > first > 0


@pytest.mark.parametrize("world", [2, 3, 5])
@pytest.mark.parametrize("seed", [None, 3])
def test_ranks_divide_every_batch_in_its_order(world: int, seed: int | None) -> None:
    split = TensorSplit(torch.arange(23)[:, None, None].float(), torch.arange(23))
    whole = list(Batches(split, 6, seed))
    shares = [list(Batches(split, 6, seed, Ranks(rank, world))) for rank in range(world)]
    assert {len(share) for share in shares} == {len(whole)}
    for number, batch in enumerate(whole):
        parts = [share[number] for share in shares]
        sizes = [part.x.shape[1] for part in parts]
        assert max(sizes) - min(sizes) <= 1
        assert torch.equal(torch.cat([part.y for part in parts if part.x.shape[1]]), batch.y)


@pytest.mark.parametrize("seed", [None, 0])
def test_an_iteration_can_start_in_the_middle_of_an_epoch(seed: int | None) -> None:
    whole, other = Batches(Numbers(100), 8, seed), Batches(Numbers(100), 8, seed)
    whole.start_at(2)
    epoch = [batch.y.tolist() for batch in whole]
    other.start_at(2, 5)
    assert len(other) == len(epoch)
    assert [batch.y.tolist() for batch in other] == epoch[5:]
    assert [batch.y.tolist() for batch in other] == epoch
