import torch

from gatebench.nn.batch_draws import BatchShare
from gatebench.task import Batch
from gatebench.training.batch_share import batch_share
from gatebench.training.batches import EMPTY
from gatebench.training.rank_group import NO_GROUP
from tests.gatebench.training.fake_group import on_ranks


def test_the_parts_of_all_ranks() -> None:
    batches = [Batch(torch.zeros(5, 3, 2), torch.zeros(3)), Batch(torch.zeros(7, 2, 2), torch.zeros(2)), EMPTY]
    found = on_ranks(3, lambda group: batch_share(batches[group.ranks.rank], group))
    assert found == [BatchShare(7, 5, 0), BatchShare(7, 5, 3), BatchShare(7, 5, 5)]


def test_a_process_alone_has_the_whole_batch() -> None:
    assert batch_share(Batch(torch.zeros(5, 3, 2), torch.zeros(3)), NO_GROUP) == BatchShare(5, 3, 0)
