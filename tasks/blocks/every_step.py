"""A head with an output at every step. T time, B batch, H hidden, D directions, C outputs."""

import numpy as np
from torch import Tensor, nn

from gatebench.errors import UserError
from gatebench.module_export import OnnxNodes, PlainModule, plain_linear


class EveryStep(nn.Module):
    """One linear layer that is applied to every step, or to the last steps.

    Args:
        features: H, the hidden size of one direction.
        directions: D, 2 for a bidirectional network.
        outputs: C.
        last: the number of steps at the end that have an output; 0 for all steps.
        causal: whether the target of a step is a later input, so that a network that reads backwards would see it.

    Raises:
        UserError: `causal` is true and the network is bidirectional.
    """

    def __init__(
        self, features: int, directions: int = 1, *, outputs: int, last: int = 0, causal: bool = False
    ) -> None:
        super().__init__()
        if causal and directions > 1:
            raise UserError(
                "model.bidirectional is true, but this task predicts later inputs, "
                "and the input of the backward direction already contains the target."
            )
        self.last = last
        self.linear = nn.Linear(features * directions, outputs)

    def forward(self, output: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits (T, B, C), or (`last`, B, C), of the recurrent output (T, B, D · H).

        Steps after the end of a sequence have logits too; the loss must ignore them.
        """
        del lengths
        logits: Tensor = self.linear(output[-self.last :])
        return logits

    def to_onnx(self, nodes: OnnxNodes, x: str, lengths: str | None) -> str:
        """See `gatebench.module_export.ExportableModule`."""
        del lengths
        if self.last:
            first, end, axis = (nodes.constant(np.array([number])) for number in (-self.last, 2**62, 0))
            x = nodes.add("Slice", x, first, end, axis)
        return nodes.linear(x, self.linear.weight, self.linear.bias)

    def to_plain(self) -> PlainModule:
        """See `gatebench.module_export.ExportableModule`."""
        return plain_linear(self.linear, f"{{self}}linear({{x}}[-{self.last}:])" if self.last else "{self}linear({x})")
