"""Features of each frame of a video, which recurrent layers read. T frames, B batch, R rows, C columns, K channels."""

import torch
from torch import Tensor, nn
from torch.nn import functional

MOST_PLACES = 8
"""The largest number of rows and of columns of the features; larger maps are averaged."""


class FrameFeatures(nn.Module):
    """Two convolutions with stride 2 and rectifiers, the same for all frames.

    Args:
        rows: R.
        columns: C.
        channels: K.
        filters: the number of filters of the first convolution; the second one has twice as many.

    Attributes:
        features: the number of features of a frame.
    """

    def __init__(self, rows: int, columns: int, channels: int, *, filters: int) -> None:
        super().__init__()
        self.shape = (rows, columns, channels)
        self.first = nn.Conv2d(channels, filters, 3, stride=2, padding=1)
        self.second = nn.Conv2d(filters, 2 * filters, 3, stride=2, padding=1)
        self.places = (min(-(-rows // 4), MOST_PLACES), min(-(-columns // 4), MOST_PLACES))
        self.features = 2 * filters * self.places[0] * self.places[1]

    def forward(self, x: Tensor) -> Tensor:
        """Return the features (T, B, F) of the frames x (T, B, R · C · K)."""
        steps, batch = x.shape[:2]
        maps = functional.relu(self.first(x.reshape(steps * batch, *self.shape).permute(0, 3, 1, 2)))
        maps = functional.relu(self.second(maps))
        if maps.shape[2:] != self.places:
            maps = functional.adaptive_avg_pool2d(maps, self.places)
        return torch.reshape(maps, (steps, batch, self.features))
