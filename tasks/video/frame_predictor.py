"""A network that reads the first frames of a video and predicts the next ones.

T frames that are read, U frames that are predicted, B batch, P pixels, H hidden.
"""

import torch
from torch import Tensor, nn

from gatebench.task import Batch, Parts
from tasks.blocks.one_direction import check_one_direction


class FramePredictor(nn.Module):
    """encoder → last state → decoder → dropout → a linear layer: the future predictor of Srivastava et al. 2015.

    The decoder reads no frame, neither a right nor a predicted one: its input is the constant 1. So the state of the
    encoder is all that it knows of the video.

    Args:
        parts: makes the recurrent parts "encoder" and "decoder".
        pixels: P.
        predicted: U.

    Raises:
        UserError: the trial asks for bidirectional layers.
    """

    def __init__(self, parts: Parts, *, pixels: int, predicted: int) -> None:
        super().__init__()
        check_one_direction(parts, "the frames of a video are read in their order")
        self.predicted = predicted
        self.dropout = nn.Dropout(parts.dropout)
        self.linear = nn.Linear(parts.hidden_size, pixels)
        self.encoder = parts.add("encoder", pixels, causal=True)
        self.decoder = parts.add("decoder", 1, causal=True)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Return the logits (U, B, P) of the pixels of the next frames, from the frames x (T, B, P)."""
        del batch
        _, state = self.encoder(x)
        output, _ = self.decoder(x.new_ones(self.predicted, x.shape[1], 1), state)
        logits: Tensor = self.linear(self.dropout(output))
        return logits


def pixel_probabilities(logits: Tensor) -> Tensor:
    """Return the predicted grey values, from 0 to 1."""
    return torch.sigmoid(logits)
