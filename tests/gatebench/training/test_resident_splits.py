from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gatebench.device_copies import sent
from gatebench.task import Batch, Split
from gatebench.training import resident_splits as module
from gatebench.training.batches import Batches
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.resident_splits import resident_splits
from tasks.blocks.ragged import RaggedSplit
from tasks.blocks.splits import TensorSplit
from tests.gatebench.training.sign import Sign
from tests.pretend_device import DEVICE, Pretended, pretended_gpu

VALUES = torch.arange(40).float()[:, None]
STARTS, LENGTHS = torch.tensor([0, 9, 20, 3]), torch.tensor([5, 7, 2, 11])


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.setattr(module, "free_memory", lambda _: 1000)
    with pretended_gpu() as found:
        yield found


def splits() -> list[Split]:
    ragged = RaggedSplit(VALUES, STARTS, LENGTHS)
    return [
        ragged,
        replace(ragged, starts=STARTS + 1),
        TensorSplit(VALUES[:8, None], torch.arange(8), LENGTHS[:1].expand(8).clamp(max=1)),
    ]


def plain(values: Tensor) -> Tensor:
    return values.held if isinstance(values, Pretended) else values


def test_splits_that_fit_are_moved_once_and_gather_the_same_batches(waits: list[str]) -> None:
    given = splits()
    found = resident_splits(given, DEVICE)
    assert len(waits) == 3, "the values of the first two splits are moved once, and two tensors of the last"
    assert found[0].values is found[1].values  # type: ignore[attr-defined]
    waits.clear()
    indices = torch.tensor([2, 0, 3])
    for own, other in zip(found, given, strict=True):
        batch, wanted = own.batch(indices), other.batch(indices)
        assert isinstance(batch.x, Pretended)
        assert isinstance(batch.y, Pretended)
        assert torch.equal(plain(batch.x), wanted.x)
        assert torch.equal(plain(batch.y), wanted.y)
        assert batch.lengths is not None
        assert batch.lengths.device.type == "cpu"
    assert waits == []


def test_splits_that_do_not_fit_stay(waits: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = splits()
    monkeypatch.setattr(module, "SHARE", 0.2)
    assert resident_splits(given, DEVICE) is given
    assert waits == []


class Immovable:
    lengths: Tensor | None = None

    def __len__(self) -> int:
        return 3

    def batch(self, indices: Tensor) -> Batch:
        return Batch(torch.zeros(2, len(indices), 1), indices)


def test_a_split_of_another_kind_stays_and_its_batches_are_copied_without_waiting(waits: list[str]) -> None:
    given: list[Split] = [*splits(), Immovable()]
    assert resident_splits(given, DEVICE) is given
    (batch,) = Batches(given[-1], 3, None)
    assert sent(batch.x, DEVICE).device == DEVICE
    assert waits == []


def test_on_the_cpu_the_splits_are_those_of_the_problem() -> None:
    problem = Sign().load(Path())
    data = SplitsDataModule(problem, 4, 0)
    assert data.train.split is problem.train
    batch = next(iter(data.train))
    assert data.transfer_batch_to_device(batch, torch.device("cpu"), 0) is batch
