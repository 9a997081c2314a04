"""A network that emits the boxes of the objects in an image one after another (Stewart, Andriluka & Ng 2016).

G regions along a side, K boxes of a region, Q = G · G · K, B batch, C rows and columns of an image, F features of a
region.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from gatebench.task import Batch, Parts
from tasks.blocks.one_direction import check_one_direction
from tasks.detection.boxes import NOT_BOX_LOGITS, Regions

STRIDE = 8
"""The number of pixels along a side that become one place of the features: three convolutions with stride 2."""


class RegionFeatures(nn.Module):
    """Three convolutions with rectifiers on the whole image, cut into the regions of a grid.

    Args:
        regions: the regions; C is a multiple of 8 · G.
        filters: the number of filters of the last convolution; the first one has half of them.

    Attributes:
        features: F.
    """

    def __init__(self, regions: Regions, filters: int) -> None:
        super().__init__()
        self.canvas, self.grid = regions.canvas, regions.grid
        self.places = regions.canvas // STRIDE // regions.grid
        self.features = filters * self.places**2
        widths = (1, max(filters // 2, 1), filters, filters)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1) for before, after in pairwise(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the features (G, B, G · F) of images whose rows are joined, (G, B, C / G · C)."""
        maps = x.transpose(0, 1).reshape(x.shape[1], 1, self.canvas, self.canvas)
        for convolution in self.convolutions:
            maps = functional.relu(convolution(maps))
        batch, filters, places = len(maps), maps.shape[1], self.places
        cut = maps.reshape(batch, filters, self.grid, places, self.grid, places)
        return cut.permute(2, 0, 4, 1, 3, 5).reshape(self.grid, batch, -1)


class BoxEmitter(nn.Module):
    """features of a region at each step → recurrent layers → dropout → a linear layer.

    The part "emitter" reads the same features at each of K steps, and emits a box, its confidence and the logits of its
    class. A region is one sequence of the batch.

    Args:
        parts: makes the recurrent part.
        regions: the regions.
        features: F.
        classes: the number of classes.

    Raises:
        UserError: the trial asks for bidirectional layers.
    """

    def __init__(self, parts: Parts, *, regions: Regions, features: int, classes: int) -> None:
        super().__init__()
        check_one_direction(parts, "boxes are emitted one after another")
        self.regions = regions
        self.dropout = nn.Dropout(parts.dropout)
        self.linear = nn.Linear(parts.hidden_size, NOT_BOX_LOGITS + classes)
        self.emitter = parts.add("emitter", features, causal=True)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Return the logits (B, Q, 5 + classes) of the features x (G, B, G · F)."""
        del batch
        grid, images = x.shape[:2]
        each = x.reshape(grid, images, grid, -1).transpose(0, 1).reshape(images * grid * grid, -1)
        output, _ = self.emitter(each.expand(self.regions.boxes, *each.shape).contiguous())
        logits: Tensor = self.linear(self.dropout(output))
        return torch.transpose(logits, 0, 1).reshape(images, self.regions.count, -1)
