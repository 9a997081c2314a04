import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gatebench.task import Problem, build_task
from gatebench.training.batches import EMPTY
from gatebench.training.compiled_loss import make_loss
from gatebench.training.network import Network
from gatebench.training.rank_group import RankGroup
from gatebench.training.shared_loss import shared_loss
from tests.gatebench.training.fake_group import on_ranks
from tests.gatebench.training.rank_trials import REBER
from tests.gatebench.training.sign import TRIAL


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build_task(REBER).load(Path())


def network(problem: Problem) -> Network:
    torch.manual_seed(0)
    return Network(problem, replace(TRIAL, training=replace(TRIAL.training, backend="reference")))


@pytest.mark.parametrize("sizes", [(4, 4), (7, 1), (3, 3, 2), (8, 0), (0, 5, 3)])
def test_the_parts_of_all_ranks_add_up_to_the_loss_and_to_its_gradient(
    problem: Problem, sizes: tuple[int, ...]
) -> None:
    built, indices = network(problem), torch.arange(sum(sizes))
    expected = problem.loss(built(problem.train.batch(indices)), problem.train.batch(indices))
    expected_gradient = torch.autograd.grad(expected, list(built.parameters()))
    shares = torch.split(indices, list(sizes))

    def part(group: RankGroup) -> tuple[Tensor, tuple[Tensor, ...]]:
        own, share = copy.deepcopy(built), shares[group.ranks.rank]
        loss_of = make_loss(problem, own, TRIAL.training)
        loss = shared_loss(problem, own, loss_of, problem.train.batch(share) if len(share) else EMPTY, group)
        return loss.detach(), torch.autograd.grad(loss, list(own.parameters()))

    parts = on_ranks(len(sizes), part)
    torch.testing.assert_close(sum(loss for loss, _ in parts), expected.detach())
    for number, gradient in enumerate(expected_gradient):
        torch.testing.assert_close(sum(gradients[number] for _, gradients in parts), gradient, rtol=1e-4, atol=1e-6)


def test_a_rank_without_examples_has_no_influence_if_weights_are_not_finite(problem: Problem) -> None:
    built = network(problem)
    with torch.no_grad():
        next(iter(built.parameters())).fill_(torch.nan)
    loss_of = make_loss(problem, built, TRIAL.training)
    (loss,) = on_ranks(1, lambda group: shared_loss(problem, built, loss_of, EMPTY, group))
    assert loss.item() == 0
    for gradient in torch.autograd.grad(loss, list(built.parameters())):
        assert (gradient == 0).all()
