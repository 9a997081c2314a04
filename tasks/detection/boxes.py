"""Boxes in images, and the regions of an image that emit them.

A box is (x, y, width, height) in pixels; x and y are its centre, from the left and from the top.

B images, Q boxes of an image, M true boxes of an image at most, K boxes of a region, P pairs of boxes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

NOTHING = -1
"""The label of the padding among true boxes."""

NOT_BOX_LOGITS = 5
"""The logits of an emitted box before those of the classes: its four numbers and its confidence."""


def corners(boxes: Tensor) -> Tensor:
    """Return the left, top, right and bottom edge (..., 4) of boxes (..., 4)."""
    half = boxes[..., 2:4] / 2
    return torch.cat([boxes[..., :2] - half, boxes[..., :2] + half], -1)


def overlap(ours: Tensor, theirs: Tensor) -> Tensor:
    """Return the area of the intersection divided by that of the union, (..., Q, M).

    Args:
        ours: boxes (..., Q, 4).
        theirs: boxes (..., M, 4).
    """
    one, other = corners(ours)[..., :, None, :], corners(theirs)[..., None, :, :]
    sides = torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])
    shared = sides.clamp(min=0).prod(-1)
    areas = ours[..., 2:4].prod(-1)[..., :, None] + theirs[..., 2:4].prod(-1)[..., None, :]
    return shared / (areas - shared).clamp(min=1e-9)


@dataclass(frozen=True)
class Regions:
    """The squares of a square image, each of which emits the boxes whose centres lie in it.

    The numbers of a box are relative: its centre to that of the region, in sides of a region; its width and height to
    a quarter of the image's side, of which they are the relative excess.

    Attributes:
        canvas: the number of rows and of columns of the image.
        grid: the number of regions along a side.
        boxes: K.
    """

    canvas: int
    grid: int
    boxes: int

    @property
    def side(self) -> float:
        """The number of rows and of columns of a region."""
        return self.canvas / self.grid

    @property
    def count(self) -> int:
        """Q, the number of boxes that all regions emit."""
        return self.grid * self.grid * self.boxes

    def centres(self, like: Tensor) -> Tensor:
        """Return the centre (Q, 2) of the region of each box. The regions go row by row, from the top left.

        Args:
            like: a tensor with the dtype and the device of the result.
        """
        steps = (torch.arange(self.grid, device=like.device) + 0.5) * self.side
        rows, columns = torch.meshgrid(steps, steps, indexing="ij")
        return torch.stack([columns, rows], -1).reshape(-1, 2).repeat_interleave(self.boxes, 0).to(like.dtype)

    def decoded(self, numbers: Tensor) -> Tensor:
        """Return the boxes in pixels (..., Q, 4) from the relative numbers. No side is shorter than a pixel."""
        middle = self.centres(numbers) + numbers[..., :2] * self.side
        size = (1 + numbers[..., 2:4]) * (self.canvas / 4)
        return torch.cat([middle, size.clamp(min=1)], -1)

    def encoded(self, boxes: Tensor, emitted: Tensor) -> Tensor:
        """Return the relative numbers (P, 4) of boxes in pixels (P, 4), the inverse of `decoded`.

        Args:
            boxes: the boxes.
            emitted: (P,) the number, from 0 to Q - 1, of the emitted box that each of them is compared with.
        """
        middle = (boxes[:, :2] - self.centres(boxes)[emitted]) / self.side
        return torch.cat([middle, boxes[:, 2:4] / (self.canvas / 4) - 1], -1)

    def region_of(self, boxes: Tensor) -> Tensor:
        """Return the number of the region (...,) in which the centre of each box (..., 4) lies."""
        place = (boxes[..., :2] / self.side).long().clamp(0, self.grid - 1)
        return place[..., 1] * self.grid + place[..., 0]
