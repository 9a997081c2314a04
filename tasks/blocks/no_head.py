"""The head of a problem whose network has a body of its own."""

from torch import nn

from gatebench.errors import UserError


def no_head(hidden_size: int, directions: int, *, task: str) -> nn.Module:
    """Refuse to make a head: the body of the network has one.

    Args:
        hidden_size: H.
        directions: D.
        task: the name of the task.

    Raises:
        UserError: always.
    """
    del hidden_size, directions
    raise UserError(f"The network of the task {task} has a body of its own, and no head.")
