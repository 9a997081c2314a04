"""A head that averages over all steps. T time, B batch, H hidden, D directions, C classes."""

import torch
from torch import Tensor, nn


class MeanStep(nn.Module):
    """A linear layer on the mean of the recurrent output over the valid steps of each sequence."""

    def __init__(self, features: int, directions: int = 1, *, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features * directions, classes)

    def forward(self, output: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits (B, C) of the recurrent output (T, B, D · H).

        Args:
            output: (T, B, D · H).
            lengths: (B,) valid steps of each sequence; None if all have T.
        """
        logits: Tensor = self.linear(mean_step(output, lengths))
        return logits


def mean_step(output: Tensor, lengths: Tensor | None) -> Tensor:
    """Return the mean (B, D · H) of `output` (T, B, D · H) over the valid steps of each sequence.

    The values of the padding have no influence, not even if they are infinite.
    """
    if lengths is None:
        return output.mean(0)
    lengths = lengths.to(output.device)
    padding = torch.arange(len(output), device=output.device)[:, None] >= lengths
    return output.masked_fill(padding[..., None], 0.0).sum(0) / lengths[:, None]
