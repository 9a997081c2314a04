"""A long text as sequences of tokens in which the target of each token is the next one."""

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.blocks.ragged import RaggedSplit


def text_windows(tokens: NDArray[np.int64], length: int) -> RaggedSplit:
    """Return the windows of a text, one after another. Every token except the first is predicted exactly once.

    Args:
        tokens: (S,) the numbers of the tokens, at least 2.
        length: the number of predicted tokens of a window; the last window may have fewer.
    """
    starts = torch.arange(0, len(tokens) - 1, length)
    lengths = (len(tokens) - 1 - starts).clamp(max=length)
    padded = torch.cat([torch.as_tensor(tokens, dtype=torch.int64), torch.zeros(1, dtype=torch.int64)])
    return RaggedSplit(padded, starts, lengths)
