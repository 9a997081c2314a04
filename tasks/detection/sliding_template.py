"""A method of detection without training: the mean image of each class slides over the image.

B images, C rows and columns of an image, S rows and columns of a template, P places of all templates, Q found boxes.
"""

import torch
from torch import Tensor
from torch.nn import functional

from tasks.detection.box_scores import FoundBoxes, count_boxes, f1_score
from tasks.detection.boxes import overlap
from tasks.detection.scenes import Scenes, ink_box
from tasks.images.digit_images import DigitImages, reduced

MOST_OVERLAP = 0.3
"""Of two boxes that overlap more than this, the one with the smaller correlation is dropped."""

CHOICE = 200
"""The number of training scenes on which the least correlation is chosen."""

BATCH_SIZE = 50
LEVELS = 20
"""The number of thresholds that are tried, from 0.05 to 1."""


class SlidingTemplate:
    """Finds the digits whose correlation with a template is greatest, from large to small.

    The correlation is that of Pearson between the pixels of the template and those below it. The least correlation of a
    box is the one with the best F1 score on some training scenes.

    Args:
        digits: the training digits.
        train: the training scenes.
        sizes: the numbers of rows of the templates.
        boxes: Q.
    """

    def __init__(self, digits: DigitImages, train: Scenes, sizes: tuple[int, ...], boxes: int) -> None:
        self._boxes = boxes
        self._classes = int(digits.labels.max()) + 1
        means = [digits.images[digits.labels == label].double().mean(0) for label in range(self._classes)]
        full = torch.stack(means).round().to(torch.uint8)
        self._templates = [reduced(full, size) for size in sorted(set(sizes))]
        found = self(train.images[:CHOICE])
        targets = train.targets[:CHOICE]
        levels = [(level + 1) / LEVELS for level in range(LEVELS)]
        self.least = max(levels, key=lambda level: _f1(found, targets, level))

    def __call__(self, images: Tensor) -> FoundBoxes:
        """Return the boxes in images (B, C, C) of bytes, with the correlations as confidence."""
        parts = [self._find(part.float() / 255) for part in torch.split(images, BATCH_SIZE)]
        return FoundBoxes(*(torch.cat(values) for values in zip(*parts, strict=True)))

    def f1(self, scenes: Scenes) -> float:
        """Return the F1 score of the boxes with at least the chosen correlation."""
        return _f1(self(scenes.images), scenes.targets, self.least)

    def _find(self, images: Tensor) -> FoundBoxes:
        """Return the boxes in a few images (B, C, C) from 0 to 1."""
        candidates = [_candidates(images, template) for template in self._templates]
        boxes = torch.cat([one.boxes for one in candidates], 1)
        scores = torch.cat([one.confidence for one in candidates], 1)
        labels = torch.cat([one.labels for one in candidates], 1)
        rows, chosen = torch.arange(len(images)), []
        left = scores.clone()
        for _ in range(self._boxes):
            best = left.argmax(1)
            chosen.append(best)
            near = overlap(boxes, boxes[rows, best][:, None])[..., 0] > MOST_OVERLAP
            left = left.masked_fill(near, -1)
            left[rows, best] = -1
        index = torch.stack(chosen, 1)
        every = rows[:, None]
        return FoundBoxes(boxes[every, index], scores[every, index], labels[every, index])


def _candidates(images: Tensor, templates: Tensor) -> FoundBoxes:
    """Return the best class (B, P) at each place, for templates (classes, S, S) of one size."""
    size = templates.shape[1]
    kernels = templates.float() / 255
    kernels = kernels - kernels.mean((1, 2), keepdim=True)
    kernels = kernels / kernels.flatten(1).norm(dim=1).clamp(min=1e-6)[:, None, None]
    x = images[:, None]
    products = functional.conv2d(x, kernels[:, None])
    area = size * size
    mean = functional.avg_pool2d(x, size, 1)
    spread = (functional.avg_pool2d(x.square(), size, 1) - mean.square()).clamp(min=0)
    correlation = products / (area * spread).sqrt().clamp(min=1e-3)
    scores, labels = correlation.max(1)
    boxes = torch.tensor([ink_box(template.numpy()) for template in templates], dtype=torch.float32)
    first_row, first_column, rows, columns = boxes[labels].unbind(-1)
    places = torch.arange(scores.shape[1], dtype=torch.float32)
    x_middle = places[None, None, :] + first_column + columns / 2
    y_middle = places[None, :, None] + first_row + rows / 2
    found = torch.stack([x_middle, y_middle, columns, rows], -1)
    return FoundBoxes(found.flatten(1, 2), scores.flatten(1), labels.flatten(1))


def _f1(found: FoundBoxes, targets: Tensor, least: float) -> float:
    totals = {name: value.item() for name, value in count_boxes(found, targets, least).items()}
    return f1_score(totals)["f1"]
