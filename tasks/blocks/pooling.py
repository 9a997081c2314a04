"""A head that averages over all steps. T time, B batch, H hidden, D directions, C classes."""

import numpy as np
import torch
from torch import Tensor, nn

from gatebench.module_export import OnnxNodes, PlainModule, plain_linear


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

    def to_onnx(self, nodes: OnnxNodes, x: str, lengths: str | None) -> str:
        """See `gatebench.module_export.ExportableModule`."""
        zero, one, two = (nodes.constant(np.array([number])) for number in range(3))
        if lengths is None:
            mean = nodes.add("ReduceMean", x, axes=[0], keepdims=0)
        else:
            start, step = nodes.constant(np.array(0)), nodes.constant(np.array(1))
            steps = nodes.add("Range", start, nodes.add("Squeeze", nodes.add("Shape", x, start=0, end=1)), step)
            valid = nodes.add("Less", nodes.add("Unsqueeze", steps, one), lengths)
            kept = nodes.add("Where", nodes.add("Unsqueeze", valid, two), x, nodes.constant(0.0))
            counts = nodes.add("CastLike", nodes.add("Unsqueeze", lengths, one), x)
            mean = nodes.add("Div", nodes.add("ReduceSum", kept, zero, keepdims=0), counts)
        return nodes.linear(mean, self.linear.weight, self.linear.bias)

    def to_plain(self) -> PlainModule:
        """See `gatebench.module_export.ExportableModule`."""
        return plain_linear(self.linear, "{self}linear(mean_step({x}, lengths))", (mean_step,))


def mean_step(output: Tensor, lengths: Tensor | None) -> Tensor:
    """Return the mean (B, D · H) of `output` (T, B, D · H) over the valid steps of each sequence.

    The values of the padding have no influence, not even if they are infinite.
    """
    if lengths is None:
        return output.mean(0)
    lengths = lengths.to(output.device, non_blocking=True)
    padding = torch.arange(len(output), device=output.device)[:, None] >= lengths
    return output.masked_fill(padding[..., None], 0.0).sum(0) / lengths[:, None]
