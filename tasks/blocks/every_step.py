"""What is answered at every step. T time, B batch, H features, D directions, C outputs."""

from torch import Tensor, nn

from gatebench.errors import UserError


class EveryStep(nn.Module):
    """One linear layer, used at every step, or at each of the `last` ones.

    Raises:
        UserError: what is `ahead` is to be foretold, and there are two directions, of which one would have seen it.
    """

    def __init__(self, features: int, directions: int = 1, *, outputs: int, last: int = 0, ahead: bool = False) -> None:
        super().__init__()
        if ahead and directions > 1:
            raise UserError(
                "model.bidirectional is true, but a network that reads backwards has seen what it is to foretell."
            )
        self.last = last
        self.linear = nn.Linear(features * directions, outputs)

    def forward(self, output: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits (T or `last`, B, C) of an output (T, B, D · H), those behind the lengths among them."""
        del lengths
        logits: Tensor = self.linear(output[-self.last :])
        return logits
