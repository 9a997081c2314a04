"""The part of a batch that a rank has."""

import json

from gatebench.nn.batch_draws import BatchShare
from gatebench.task import Batch
from gatebench.training.rank_group import RankGroup


def batch_share(batch: Batch, group: RankGroup) -> BatchShare:
    """Return the part of a batch that this rank has. All ranks must call it at the same step.

    Args:
        batch: the examples of this rank; it may be empty.
        group: the ranks, each of which has the examples after those of the rank before it.
    """
    steps, examples = batch.x.shape[:2]
    if group.is_alone:
        return BatchShare(steps, examples)
    sizes = [json.loads(content) for content in group.gather_bytes(json.dumps([steps, examples]).encode())]
    counts = [count for _, count in sizes]
    longest = max(T for T, count in sizes if count)
    return BatchShare(longest, sum(counts), sum(counts[: group.ranks.rank]))
