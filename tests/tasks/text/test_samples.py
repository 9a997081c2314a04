import numpy as np
import torch
from torch import Tensor, nn

from gatebench.task import Batch
from gatebench.training.network import Network
from gatebench.trial import Model, Trial
from tasks.text.language_model import language_problem
from tasks.text.next_token import bits_and_accuracy
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


def test_a_network_that_carries_its_state_writes_the_same_text() -> None:
    torch.manual_seed(0)
    problem = language_problem(
        [np.arange(40) % 5] * 3,
        (4, 10),
        nn.Embedding(5, 6),
        6,
        list("abcde"),
        scores=bits_and_accuracy,
        score_of_bits=float,
        longest_ngram=2,
        carries_state=True,
        separator="",
        place="here",
    )
    network = Network(problem, Trial({"name": "lstm", "base": "lstm"}, {}, Model(8, num_layers=2))).double().eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(4)  # so that the state matters
        whole = sampled_tokens(network, [1, 3], 40, 3, 0)
        by_state = sampled_tokens(network, [1, 3], 40, 3, 0, carries_state=True)
        assert torch.equal(whole, by_state)
        forgetful = sampled_tokens(
            lambda batch: network(Batch(batch.x, batch.y, batch.lengths)), [1, 3], 40, 3, 0, carries_state=True
        )
    assert not torch.equal(whole, forgetful)
