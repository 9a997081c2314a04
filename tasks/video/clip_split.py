"""Clips of different lengths with a class each.

N clips, S frames of all clips, T frames, I values of a frame, B batch.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gatebench.task import Batch
from tasks.blocks.ragged import RaggedSplit

FULL_SCALE = 255
"""The byte that becomes 1."""


@dataclass(eq=False, slots=True)
class ClipSplit(RaggedSplit):
    """A split of clips whose frames are bytes; see `RaggedSplit`.

    The values are (S + 1, I) bytes. A batch has floats from 0 to 1.
    """

    def batch(self, indices: Tensor) -> Batch:
        """Return x (T, B, I), the classes (B,) and the lengths (B,) of the clips with these indices (B,)."""
        read = RaggedSplit.batch(self, indices)
        return replace(read, x=read.x.to(torch.float32).div_(FULL_SCALE))
