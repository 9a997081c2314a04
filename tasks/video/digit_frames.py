"""Frames in which digits stand at given places.

N videos, T frames, K digits of a video, S rows of a digit, R rows of a frame, B batch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(eq=False, slots=True)
class DigitFrames:
    """Videos of digits on a dark square. The frames of a batch are drawn when they are needed.

    Attributes:
        images: (M, S, S) bytes, the digits of the part.
        chosen: (N, T, K) the number of the image of each digit.
        places: (N, T, K, 2) the row and the column of the top left pixel of each digit.
        side: R, the number of rows and of columns of a frame.
        brightness: (N, T, K) the factors of the pixels of each digit, from 0 to 1; None: all are 1.
    """

    images: Tensor
    chosen: Tensor
    places: Tensor
    side: int
    brightness: Tensor | None = None

    def __len__(self) -> int:
        return len(self.chosen)

    def frames(self, indices: Tensor) -> Tensor:
        """Return the frames (T, B, R · R) of some videos as floats from 0 to 1.

        Where digits overlap, the lighter pixel is seen.
        """
        size, side = self.images.shape[1], self.side
        chosen, places = self.chosen[indices], self.places[indices]
        videos, frames = places.shape[:2]
        within = torch.arange(size)[:, None] * side + torch.arange(size)
        pixels = (places[..., 0] * side + places[..., 1])[..., None, None] + within
        values = self.images[chosen].float() / 255
        if self.brightness is not None:
            values = values * self.brightness[indices][..., None, None]
        drawn = torch.zeros(videos, frames, side * side)
        drawn.scatter_reduce_(2, pixels.flatten(2), values.flatten(2), "amax")
        return drawn.transpose(0, 1).contiguous()
