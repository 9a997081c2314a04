"""Which networks can be exported."""

from gatebench.errors import UserError
from gatebench.training.network import Network


def check_network(network: Network) -> None:
    """Check that a network is an encoder, recurrent layers and a head.

    Raises:
        UserError: the network has an architecture that is no cell, or a body of its own, with several recurrent parts.
    """
    if network.architecture is not None:
        raise UserError("This network is not made of cells; only networks with recurrent layers can be exported.")
    if network.body is not None:
        raise UserError(
            "The network of this task has a body of its own with the recurrent parts "
            f"{', '.join(network.stacks) or 'none'}; only an encoder, recurrent layers and a head can be exported."
        )
