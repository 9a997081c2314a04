"""The parameters of a network outside of its recurrent layers: those of the task's encoder and head."""

import torch
from torch import nn

from gatebench.derive.matched_size import NetworkFrame
from gatebench.errors import UserError
from gatebench.task import Problem


def network_frame(problem: Problem, task: str, directions: int) -> NetworkFrame:
    """Return the frame of a loaded task. The head is built on torch's meta device, without memory and randomness.

    Args:
        problem: the loaded task.
        task: its name in messages.
        directions: D, 1 or 2. Tasks that predict later inputs have no head for 2.

    Raises:
        UserError: the task has no such head, its number of parameters is not linear in the hidden size, or its network
            has several recurrent parts.
    """
    if problem.body is not None:
        raise UserError(
            f"The network of the task {task} has several recurrent parts, so that model.parameters cannot be solved; "
            "set model.hidden_size."
        )
    one, two, seven = (_head_parameters(problem, size, directions) for size in (1, 2, 7))
    if seven - one != 6 * (two - one):
        raise UserError(
            f"The head of the task {task} has a number of parameters that is not linear in the hidden size, so "
            "that model.parameters cannot be solved; set model.hidden_size."
        )
    return NetworkFrame(
        problem.input_size, trained_parameters(problem.encoder), 2 * one - two, two - one, problem.steps
    )


def _head_parameters(problem: Problem, hidden_size: int, directions: int) -> int:
    with torch.device("meta"):
        return trained_parameters(problem.head(hidden_size, directions))


def trained_parameters(module: nn.Module) -> int:
    """Return the number of parameters of a module that are trained."""
    return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
