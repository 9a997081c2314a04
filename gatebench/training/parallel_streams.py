"""The batches of a text that parallel streams read: each sequence of a batch continues the one before it.

The examples of a split are the sections of one text, in their order. N examples are divided into S streams of
neighbouring examples. The first N mod S streams have one example more than the others.
"""

import torch
from torch import Tensor


def stream_batches(examples: int, streams: int) -> tuple[Tensor, ...]:
    """Return the indices of the examples of each batch. Batch n has the example n of each stream that has one.

    The streams that have no example left are the last ones, so that the places of the others do not change.

    Args:
        examples: N.
        streams: S, at least 1; with fewer examples, each is a stream of its own.

    Examples:
        >>> [batch.tolist() for batch in stream_batches(7, 3)]
        [[0, 3, 5], [1, 4, 6], [2]]
    """
    if not examples:
        return ()
    streams = min(streams, examples)
    shorter, longer = divmod(examples, streams)
    lengths = torch.full((streams,), shorter)
    lengths[:longer] += 1
    starts = lengths.cumsum(0) - lengths
    return tuple(starts[lengths > number] + number for number in range(int(lengths.max())))
