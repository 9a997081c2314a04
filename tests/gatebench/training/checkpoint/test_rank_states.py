from pathlib import Path

import torch

from gatebench.training import Learner
from gatebench.training.checkpoint.rank_states import gather_rank_states, own_state
from gatebench.training.rank_group import RankGroup
from tests.gatebench.training.fake_group import on_ranks
from tests.gatebench.training.sign import TRIAL, Sign


def learner(losses: list[float], group: RankGroup | None = None) -> Learner:
    problem = Sign().load(Path())
    built = Learner(TRIAL, problem) if group is None else Learner(TRIAL, problem, group=group)
    built.losses = [torch.tensor(loss) for loss in losses]
    return built


def test_the_losses_and_the_generators_of_this_process() -> None:
    state = own_state(learner([1.5, 2.5]))
    assert state.losses.tolist() == [1.5, 2.5]
    assert torch.equal(state.random["random/torch"], torch.get_rng_state())
    assert own_state(learner([])).losses.shape == (0,)
    assert gather_rank_states(learner([1.5])).keys() == {0}


def test_every_rank_has_the_states_of_all() -> None:
    found = on_ranks(3, lambda group: gather_rank_states(learner([float(group.ranks.rank)] * 2, group)))
    for states in found:
        assert {rank: state.losses.tolist() for rank, state in states.items()} == {0: [0, 0], 1: [1, 1], 2: [2, 2]}
        for rank, state in states.items():
            assert torch.equal(state.random["random/torch"], found[rank][rank].random["random/torch"])
