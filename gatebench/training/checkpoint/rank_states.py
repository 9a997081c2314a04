"""The states that each rank has for itself: the losses of its shares of the batches, its generators, its streams."""

import safetensors.torch
import torch

from gatebench.training.checkpoint.random_state import random_states
from gatebench.training.checkpoint.state import RankState
from gatebench.training.learner import Learner


def own_state(learner: Learner) -> RankState:
    """Return the state of this rank."""
    losses = torch.stack(learner.losses) if learner.losses else next(learner.parameters()).new_empty(0)
    carried = learner.network.carried.get(True, ()) if learner.losses else ()
    return RankState(losses.detach().cpu(), random_states(learner), tuple(part.cpu() for part in carried))


def gather_rank_states(learner: Learner) -> dict[int, RankState]:
    """Return the states of all ranks by their numbers. All ranks must call this at the same step."""
    own, group = own_state(learner), learner.group
    if group.is_alone:
        return {0: own}
    contents = group.gather_bytes(safetensors.torch.save(own.tensors()))
    return {rank: _from_bytes(content) for rank, content in enumerate(contents)}


def _from_bytes(content: bytes) -> RankState:
    tensors = safetensors.torch.load(content)
    losses = tensors.pop("losses")
    carried = {name: one for name, one in tensors.items() if name.startswith("carried/")}
    random = {name: one for name, one in tensors.items() if name not in carried}
    return RankState(losses, random, tuple(carried[f"carried/{number}"] for number in range(len(carried))))
