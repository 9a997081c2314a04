"""Recurrent layers that sweep over the patches of an image in four directions: ReNet (Visin et al. 2015).

R rows of patches, C columns of patches, B batch, P features of a patch, K channels, H hidden, D directions.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gatebench.task import Batch, Parts

KERNEL = 3
"""The number of rows and of columns of the filters of the convolution."""


class Patches(nn.Module):
    """Cuts images into patches, after a convolution with a rectifier if there is one. The weights belong to it.

    Args:
        side: the number of rows and of columns of pixels.
        channels: K of the images.
        patch: the number of rows and of columns of pixels of a patch.
        filters: the number of filters of the convolution; 0: none.

    Attributes:
        features: P, the values of a patch.
    """

    def __init__(self, side: int, channels: int, *, patch: int, filters: int = 0) -> None:
        super().__init__()
        self.side, self.channels, self.patch = side, channels, patch
        self.convolution = nn.Conv2d(channels, filters, KERNEL, padding=KERNEL // 2) if filters else None
        self.features = patch * patch * (filters or channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the patches (R, B, C · P) of images whose rows of pixels are joined (R, B, patch · side · K)."""
        rows, batch = x.shape[:2]
        if self.convolution is not None:
            pixels = x.transpose(0, 1).reshape(batch, self.side, self.side, self.channels)
            maps = functional.relu(self.convolution(pixels.permute(0, 3, 1, 2)))
            x = maps.permute(2, 0, 3, 1).reshape(rows, self.patch, batch, -1).transpose(1, 2)
        cut = x.reshape(rows, batch, self.patch, self.side // self.patch, -1)
        return cut.transpose(2, 3).flatten(2)


class PatchSweeps(nn.Module):
    """A pass over the columns, then a pass over the rows, repeated; then dropout and a linear layer on all places.

    The parts "vertical" run down each column of patches, and up as well if the trial is bidirectional. The parts
    "horizontal" run along each row of the outputs. A column or a row is one sequence of the batch.

    Args:
        parts: makes the recurrent parts.
        features: P.
        columns: C.
        rows: R.
        sweeps: the number of pairs of passes.
        classes: the number of classes.
    """

    def __init__(self, parts: Parts, *, features: int, columns: int, rows: int, sweeps: int, classes: int) -> None:
        super().__init__()
        self.columns = columns
        output = parts.directions * parts.hidden_size
        self.dropout = nn.Dropout(parts.dropout)
        self.linear = nn.Linear(rows * columns * output, classes)
        self.vertical, self.horizontal = nn.ModuleList(), nn.ModuleList()
        for number in range(sweeps):
            self.vertical.append(parts.add(part_name("vertical", number), features if number == 0 else output))
            self.horizontal.append(parts.add(part_name("horizontal", number), output))

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Return the logits (B, classes) of the patches x (R, B, C · P)."""
        del batch
        rows, images = x.shape[:2]
        x = x.reshape(rows, images, self.columns, -1)
        for vertical, horizontal in zip(self.vertical, self.horizontal, strict=True):
            down, _ = vertical(x.flatten(1, 2))
            across = down.reshape(rows, images, self.columns, -1).permute(2, 1, 0, 3)
            right, _ = horizontal(across.flatten(1, 2))
            x = right.reshape(self.columns, images, rows, -1).permute(2, 1, 0, 3)
        logits: Tensor = self.linear(self.dropout(torch.flatten(x.transpose(0, 1), 1)))
        return logits


def part_name(kind: str, number: int) -> str:
    """Return the name of a part: that of its kind, with the number of the sweep from the second one on.

    Examples:
        >>> part_name("vertical", 0), part_name("vertical", 1)
        ('vertical', 'vertical 2')
    """
    return kind if number == 0 else f"{kind} {number + 1}"
