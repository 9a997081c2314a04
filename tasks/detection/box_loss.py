"""The loss of emitted boxes, which are first matched with the true ones (Stewart, Andriluka & Ng 2016, Section 3).

B images, Q emitted boxes, M true boxes, C classes.
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from gatebench.device_copies import sent
from gatebench.task import Batch
from tasks.detection.boxes import NOT_BOX_LOGITS, NOTHING, Regions

OUTSIDE, LATER = 1e6, 1e3
"""The costs of a match: a centre outside of the true box, and a place in the order. The distance counts as it is.

So a match with fewer centres outside is always preferred, among these the one with earlier boxes, and then the nearest
one, which is the order of the paper's tuples.
"""

POSITION = 5.0
"""The weight of the distance of the matched boxes in the loss."""


def box_loss(logits: Tensor, batch: Batch, *, regions: Regions) -> Tensor:
    """Return the sum of three losses of an image, and the mean over images.

    They are the cross-entropy of the confidence of each box, which is 1 for a matched one; the distance |·|₁ of the
    relative numbers of each matched box from the true ones; and the cross-entropy of its class.

    Args:
        logits: (B, Q, 5 + C).
        batch: the true boxes `batch.y` (B, M, 5).
        regions: the regions that emit the boxes.
    """
    image, emitted, true = matched(logits.detach(), batch.y, regions)
    wanted = torch.zeros_like(logits[..., 4])
    wanted[image, emitted] = 1
    confidence = functional.binary_cross_entropy_with_logits(logits[..., 4], wanted, reduction="sum")
    found, targets = logits[image, emitted], batch.y[image, true]
    distance = (found[:, :4] - regions.encoded(targets[:, :4], emitted)).abs().sum()
    classes = functional.cross_entropy(found[:, NOT_BOX_LOGITS:], targets[:, 4].long(), reduction="sum")
    return (confidence + POSITION * distance + classes) / len(logits)


def matched(logits: Tensor, targets: Tensor, regions: Regions) -> tuple[Tensor, Tensor, Tensor]:
    """Return the matched pairs: the numbers of their images, of the emitted boxes and of the true boxes.

    Each region is matched with the true boxes whose centres lie in it, by the Hungarian method.

    Args:
        logits: (B, Q, 5 + C).
        targets: (B, M, 5).
        regions: the regions.
    """
    true = torch.stack([regions.region_of(targets[..., :4]), targets[..., 4] != NOTHING], 1)
    # One copy, because the program waits for a GPU at each of them.
    table = torch.cat([match_costs(logits, targets, regions).double(), true.double()], 1).cpu().numpy()
    costs = np.nan_to_num(table[:, :-2], nan=OUTSIDE**2, posinf=OUTSIDE**2, neginf=OUTSIDE**2)
    owners, real = table[:, -2], table[:, -1] > 0
    pairs: list[tuple[int, int, int]] = []
    for image in range(len(targets)):
        for region in np.unique(owners[image][real[image]]):
            members = (real[image] & (owners[image] == region)).nonzero()[0]
            first = int(region) * regions.boxes
            rows, columns = linear_sum_assignment(costs[image, first : first + regions.boxes][:, members])
            pairs += [
                (image, first + int(row), int(members[column])) for row, column in zip(rows, columns, strict=True)
            ]
    found = sent(torch.tensor(pairs, dtype=torch.int64).reshape(-1, 3), logits.device)
    return found[:, 0], found[:, 1], found[:, 2]


def match_costs(logits: Tensor, targets: Tensor, regions: Regions) -> Tensor:
    """Return the cost (B, Q, M) of a match of each emitted box with each true one."""
    boxes = regions.decoded(logits[..., :4])[:, :, None]
    true = targets[:, None, :, :4]
    outside = ((boxes[..., :2] - true[..., :2]).abs() > true[..., 2:4] / 2).any(-1)
    order = torch.arange(regions.boxes, device=logits.device).repeat(regions.grid**2)[:, None]
    distance = (boxes - true).abs().sum(-1) / regions.canvas
    return OUTSIDE * outside + LATER * order + distance
