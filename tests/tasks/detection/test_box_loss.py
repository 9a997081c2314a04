from math import log

import pytest
import torch
from torch import Tensor

from gatebench.task import Batch
from tasks.detection.box_loss import POSITION, box_loss, matched
from tasks.detection.boxes import NOTHING, Regions

REGIONS = Regions(40, 1, 3)


def logits_of(*boxes: tuple[float, float, float, float]) -> Tensor:
    """Return the logits (1, Q, 5 + 4) of boxes in pixels, with a confidence of 1/2 and equal classes."""
    logits = torch.zeros(1, len(boxes), 9)
    logits[0, :, :4] = REGIONS.encoded(torch.tensor(boxes), torch.arange(len(boxes)))
    return logits


def targets_of(*boxes: tuple[float, float, float, float, float]) -> Tensor:
    return torch.tensor([[*boxes, (0, 0, 0, 0, NOTHING)]])


def test_a_centre_inside_counts_more_than_the_order_and_the_order_more_than_the_distance() -> None:
    far, near = (30.0, 30.0, 10.0, 10.0), (11.0, 10.0, 10.0, 10.0)
    true = targets_of((10, 10, 10, 10, 0))
    _, emitted, _ = matched(logits_of(far, near, near), true, REGIONS)
    assert emitted.tolist() == [1], "the first box has its centre outside"
    nearest = (10.0, 10.0, 10.0, 10.0)
    _, emitted, _ = matched(logits_of(near, nearest, far), true, REGIONS)
    assert emitted.tolist() == [0], "the first box is preferred to the nearest one"


def test_two_boxes_are_matched_with_the_least_distance() -> None:
    left, right = (12.0, 10.0, 10.0, 10.0), (28.0, 10.0, 10.0, 10.0)
    true = targets_of((27, 10, 40, 40, 0), (13, 10, 40, 40, 1))
    _, emitted, of = matched(logits_of(left, right, left), true, REGIONS)
    assert dict(zip(emitted.tolist(), of.tolist(), strict=True)) == {0: 1, 1: 0}


def test_a_region_is_matched_with_its_own_boxes_only() -> None:
    regions = Regions(40, 2, 1)
    image, emitted, of = matched(torch.zeros(2, 4, 9), targets_of((30, 8, 5, 5, 0)).expand(2, 2, 5), regions)
    assert (image.tolist(), emitted.tolist(), of.tolist()) == ([0, 1], [1, 1], [0, 0])


def test_the_loss_of_known_boxes() -> None:
    near, far = (10.0, 10.0, 10.0, 12.0), (30.0, 30.0, 10.0, 10.0)
    loss = box_loss(logits_of(near, far, far), Batch(torch.zeros(1), targets_of((10, 10, 10, 10, 2))), regions=REGIONS)
    distance = 2 / 10  # of the heights, in quarters of the canvas
    assert loss.item() == pytest.approx(3 * log(2) + POSITION * distance + log(4), rel=1e-5)


def test_an_image_without_boxes_and_a_network_without_numbers() -> None:
    empty = Batch(torch.zeros(1), torch.full((1, 2, 5), float(NOTHING)))
    near = (10.0, 10.0, 10.0, 10.0)
    assert box_loss(logits_of(near, near), empty, regions=Regions(40, 1, 2)).item() == pytest.approx(2 * log(2))
    broken = torch.full((1, 3, 9), torch.nan)
    assert box_loss(broken, Batch(torch.zeros(1), targets_of((10, 10, 10, 10, 2))), regions=REGIONS).isnan()
