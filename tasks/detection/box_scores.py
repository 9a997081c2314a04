"""Scores of found boxes: F1 score, and average precision by pycocotools.

B images, Q found boxes, M true boxes, C classes. pycocotools is used directly. The metric of torchmetrics calls it too,
but it also needs torchvision, and a version of torchvision fits one version of torch only.
"""

import contextlib
import io
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gatebench.errors import UserError
from gatebench.task import Batch
from tasks.detection.boxes import NOT_BOX_LOGITS, NOTHING, Regions, corners, overlap

LEAST_OVERLAP = 0.5
"""The least intersection over union at which a box counts as found."""

LEAST_CONFIDENCE = 0.5
"""The least confidence of a box that counts in the F1 score."""


class FoundBoxes(NamedTuple):
    """Boxes that a method has found.

    Attributes:
        boxes: (B, Q, 4) in pixels.
        confidence: (B, Q).
        labels: (B, Q) the numbers of the classes.
    """

    boxes: Tensor
    confidence: Tensor
    labels: Tensor


def check_pycocotools() -> None:
    """Check that pycocotools is installed.

    Raises:
        UserError: it is not.
    """
    if find_spec("pycocotools") is None:
        raise UserError("Detection needs the package pycocotools; install it with pip install 'gatebench[vision]'.")


def found_boxes(logits: Tensor, regions: Regions) -> FoundBoxes:
    """Return the boxes of the logits (B, Q, 5 + C)."""
    boxes = regions.decoded(logits[..., :4])
    return FoundBoxes(boxes, torch.sigmoid(logits[..., 4]), logits[..., NOT_BOX_LOGITS:].argmax(-1))


def tally_boxes(logits: Tensor, batch: Batch, *, regions: Regions) -> dict[str, Tensor]:
    """Return the numbers of right, of found and of true boxes of a batch, from the logits (B, Q, 5 + C)."""
    return count_boxes(found_boxes(logits, regions), batch.y, LEAST_CONFIDENCE)


def count_boxes(found: FoundBoxes, targets: Tensor, least_confidence: float) -> dict[str, Tensor]:
    """Return the numbers of right, of found and of true boxes.

    A box is right if it has the label of a true one, overlaps it by at least `LEAST_OVERLAP`, and no box with a greater
    confidence does so. A box takes the true one that it overlaps most, among those that are free.

    Args:
        found: the boxes.
        targets: (B, M, 5).
        least_confidence: boxes with a smaller confidence do not count.
    """
    real = targets[..., 4] != NOTHING
    counted = found.confidence >= least_confidence
    shared = overlap(found.boxes, targets[..., :4])
    fits = (shared >= LEAST_OVERLAP) & (found.labels[..., None] == targets[:, None, :, 4])
    shared = torch.where(fits & real[:, None] & counted[..., None], shared, 0.0)
    free, right = real.clone(), torch.zeros((), dtype=torch.int64, device=targets.device)
    images = torch.arange(len(targets), device=targets.device)
    for box in found.confidence.argsort(dim=1, descending=True, stable=True).unbind(1):
        best, taken = (shared[images, box] * free).max(1)
        hit = best > 0
        free[images, taken] &= ~hit
        right = right + hit.sum()
    return {"right": right, "found": counted.sum(), "true": real.sum()}


def f1_score(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the F1 score, 2 · right / (found + true), from added tallies; 0 if no box is found and none is there."""
    boxes = totals["found"] + totals["true"]
    return {"f1": 2 * totals["right"] / boxes if boxes else 0.0}


def average_precision(found: FoundBoxes, targets: Tensor, classes: int) -> tuple[float, list[float | None]]:
    """Return the mean average precision at an overlap of 0.5, and that of each class; None for a class without a box.

    Args:
        found: the boxes of all images.
        targets: (B, M, 5).
        classes: C.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        truth = COCO()
        truth.dataset = _true_records(targets, classes)
        truth.createIndex()
        results = _found_records(found)
        if not results:
            return 0.0, [0.0 if (targets[..., 4] == label).any() else None for label in range(classes)]
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.params.iouThrs = evaluation.params.iouThrs[:1]  # 0.5
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][0, :, :, 0, -1]  # (recalls, classes) of boxes of all areas; -1: none
    each = [None if one[0] < 0 else float(one.mean()) for one in precision.T]
    known = [one for one in each if one is not None]
    return sum(known) / len(known) if known else 0.0, each


def _true_records(targets: Tensor, classes: int) -> dict[str, Any]:
    """Return the true boxes in COCO's format."""
    edges = corners(targets[..., :4])
    records: list[dict[str, Any]] = []
    for image, number in (targets[..., 4] != NOTHING).nonzero().tolist():
        left, top = edges[image, number, :2].tolist()
        width, height = targets[image, number, 2:4].tolist()
        records.append(
            {
                "id": len(records) + 1,
                "image_id": image,
                "category_id": int(targets[image, number, 4]),
                "bbox": [left, top, width, height],
                "area": width * height,
                "iscrowd": 0,
            }
        )
    return {
        "info": {},
        "images": [{"id": image} for image in range(len(targets))],
        "categories": [{"id": label} for label in range(classes)],
        "annotations": records,
    }


def _found_records(found: FoundBoxes) -> list[dict[str, Any]]:
    """Return the found boxes in COCO's format of results."""
    edges = corners(found.boxes)
    sides = [
        [*start, *size]
        for start, size in zip(
            edges[..., :2].flatten(0, 1).tolist(), found.boxes[..., 2:4].flatten(0, 1).tolist(), strict=True
        )
    ]
    count = found.boxes.shape[1]
    values = zip(sides, found.confidence.flatten().tolist(), found.labels.flatten().tolist(), strict=True)
    return [
        {"image_id": number // count, "category_id": label, "bbox": box, "score": score}
        for number, (box, score, label) in enumerate(values)
    ]
