"""The state of an optimiser as tensors: for example of Adam the step and both moments of each parameter."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn, optim

from gatebench.training.checkpoint.content import damaged
from gatebench.training.checkpoint.schema import tensor_like

State = dict[int, dict[str, Tensor]]
"""The tensors of each parameter by its number. A parameter that never had a gradient has none."""

MakeOptimizer = Callable[[Iterable[nn.Parameter]], optim.Optimizer]


def state_of(optimizer: optim.Optimizer) -> State:
    """Return the state of an optimiser."""
    state: State = optimizer.state_dict()["state"]
    return state


def optimizer_tensors(state: State) -> dict[str, Tensor]:
    """Return the tensors of a state by name: "optimizer/0/exp_avg", …."""
    return {f"optimizer/{number}/{key}": value for number, found in state.items() for key, value in found.items()}


def optimizer_state(tensors: Mapping[str, Tensor], parameters: Sequence[nn.Parameter], make: MakeOptimizer) -> State:
    """Return the state in a checkpoint.

    The tensors must have the names, shapes and types of those of a new optimiser after one step on copies of the
    parameters.

    Args:
        tensors: the tensors of the checkpoint, from any source.
        parameters: the parameters that are trained.
        make: the function that makes the optimiser.

    Raises:
        UserError: a tensor does not fit.
    """
    present = {name.split("/")[1] for name in tensors if name.startswith("optimizer/")}
    state: State = {}
    for number, like in _state_after_one_step(parameters, make).items():
        if str(number) in present:
            state[number] = {key: tensor_like(tensors, f"optimizer/{number}/{key}", one) for key, one in like.items()}
    if present != {str(number) for number in state}:
        raise damaged("the optimiser has the state of a parameter that does not exist")
    return state


def load_optimizer_state(optimizer: optim.Optimizer, state: State) -> None:
    """Give an optimiser a state. Its settings, for example the learning rate, stay.

    An empty state is that before the first step. A new optimiser has it already.
    """
    if not state:
        return
    copy = {number: {key: value.clone() for key, value in found.items()} for number, found in state.items()}
    optimizer.load_state_dict({"state": copy, "param_groups": optimizer.state_dict()["param_groups"]})


def _state_after_one_step(parameters: Sequence[nn.Parameter], make: MakeOptimizer) -> State:
    copies = [nn.Parameter(torch.zeros_like(one, device="cpu"), requires_grad=one.requires_grad) for one in parameters]
    for copy in copies:
        copy.grad = torch.zeros_like(copy) if copy.requires_grad else None
    optimizer = make(copies)
    optimizer.step()
    return state_of(optimizer)
