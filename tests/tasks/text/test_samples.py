import torch
from torch import Tensor

from gatebench.task import Batch
from tasks.text.samples import sampled_tokens


def counting(batch: Batch) -> Tensor:
    """Return logits of a network that is certain of the next whole number, modulo 5."""
    return 1000.0 * torch.nn.functional.one_hot((batch.x + 1) % 5, 5)


def uniform(batch: Batch) -> Tensor:
    return torch.zeros(*batch.x.shape, 5)


def test_a_text_follows_the_network() -> None:
    assert sampled_tokens(counting, [1, 3], 4, 2, 0).T.tolist() == [[4, 0, 1, 2]] * 2


def test_texts_depend_on_the_seed_and_differ() -> None:
    first, again, other = (sampled_tokens(uniform, [0], 30, 2, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[:, 0], first[:, 1])
