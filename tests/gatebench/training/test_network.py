from functools import partial

import torch
from torch import nn

from gatebench.task import Batch, Problem
from gatebench.training.network import Network
from gatebench.trial import Model, Trial
from tasks.blocks.objectives import LastStep, accuracy, count_correct, cross_entropy
from tasks.blocks.splits import TensorSplit

DIGITS = {"_target_": "tasks.images.digits.Digits"}


def problem() -> Problem:
    split = TensorSplit(torch.zeros(4, 5, 3), torch.zeros(4, dtype=torch.int64))
    head = partial(LastStep, classes=10)
    return Problem(split, split, split, 3, 5, nn.Identity(), head, cross_entropy, count_correct, accuracy)


def network(cell: str, seed: int = 0, model: Model = Model()) -> Network:  # noqa: B008  (frozen)
    torch.manual_seed(seed)
    return Network(problem(), Trial({"name": cell, "base": cell}, DIGITS, model, seed=seed))


def head(built: Network) -> LastStep:
    assert isinstance(built.head, LastStep)
    return built.head


def test_the_head_reads_both_directions() -> None:
    for directions, bidirectional in ((1, False), (2, True)):
        built = network("gru", model=Model(7, bidirectional=bidirectional))
        assert head(built).linear.in_features == 7 * directions
        assert built(Batch(torch.randn(5, 2, 3), torch.zeros(2))).shape == (2, 10)


def test_under_one_seed_two_cells_have_the_same_head() -> None:
    one, other, third = network("lstm"), network("gru"), network("gru", seed=1)
    assert torch.equal(head(one).linear.weight, head(other).linear.weight)
    assert not torch.equal(head(other).linear.weight, head(third).linear.weight)


def test_the_seed_alone_decides_the_recurrent_weights() -> None:
    def weights(built: Network) -> torch.Tensor:
        return torch.cat([p.flatten() for p in built.recurrent.parameters()])

    assert torch.equal(weights(network("lstm")), weights(network("lstm")))
    assert not torch.equal(weights(network("lstm")), weights(network("lstm", seed=1)))


def test_steps_behind_the_lengths_do_not_count() -> None:
    built = network("lstm")
    x = torch.randn(5, 2, 3)
    changed = x.clone()
    changed[3:, 1] = 9.0
    lengths = torch.tensor([5, 3])
    y = torch.zeros(2)
    assert torch.equal(built(Batch(x, y, lengths)), built(Batch(changed, y, lengths)))
