"""Classification by what a network gives over all steps. T time, B batch, H features, D directions, C classes."""

import torch
from torch import Tensor, nn


class MeanStep(nn.Module):
    """A linear layer on the mean of what all directions give over each sequence's own steps."""

    def __init__(self, features: int, directions: int = 1, *, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features * directions, classes)

    def forward(self, output: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits (B, C) of an output (T, B, D · H) whose sequences have the lengths (B,), or all T."""
        logits: Tensor = self.linear(mean_step(output, lengths))
        return logits


def mean_step(output: Tensor, lengths: Tensor | None) -> Tensor:
    """Return the mean (B, D · H) of (T, B, D · H) over each sequence's own steps, whatever stands behind them."""
    if lengths is None:
        return output.mean(0)
    lengths = lengths.to(output.device)
    behind = torch.arange(len(output), device=output.device)[:, None] >= lengths
    return output.masked_fill(behind[..., None], 0.0).sum(0) / lengths[:, None]
