"""Detection of digits: a cell emits the boxes of the digits in an image one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import UserError, out_of_range
from gatebench.task import Artifacts, Batch, Example, Metric, Problem, Task, TrainedNetwork, batch_of_one
from tasks.blocks.validation import check_whole
from tasks.images.digit_images import SMALLEST, check_digits, digit_checksums
from tasks.images.idx_images import SIDE

if TYPE_CHECKING:
    from gatebench.views import Picture
    from tasks.blocks.splits import TensorSplit
    from tasks.detection.box_scores import FoundBoxes
    from tasks.detection.boxes import Regions
    from tasks.detection.scenes import Scenes
    from tasks.detection.sliding_template import SlidingTemplate

LARGEST_SEED = 2**32 - 1
CLASSES = 10
SHOWN = 16
"""The number of test images in the picture of a run."""

TEST_BATCH = 200


@dataclass(frozen=True)
class DigitDetection(Task):
    """The boxes and the classes of the digits in an image.

    Attributes:
        canvas: the number of rows and of columns of an image, a multiple of 8 · `grid`.
        digits: the largest number of digits in an image; the smallest is 1.
        smallest: the smallest number of rows of the square of a digit.
        largest: the largest number of rows of the square of a digit.
        grid: the number of regions along a side, each of which emits the boxes whose centres lie in it.
        boxes: the number of boxes that a region emits.
        filters: the number of filters of the last convolution in front of the cell.
        training: the number of training images.
        validation: the number of validation images.
        test: the number of test images.
        data_seed: the seed of the images.
    """

    title = "Digits in an image, their boxes"
    metrics = (Metric("f1", "max", low=0, high=1), Metric("map50", "max", low=0, high=1))
    table_metrics = ("f1", "map50")
    final_metrics = ("map50",)
    chance = 0.0  # a box without regard to the image overlaps no digit enough
    protocol = (
        "Stewart, Andriluka & Ng 2016: a cell reads the features of a region at each step and emits a box with its "
        "confidence; the boxes of a region are matched with the true ones by the Hungarian method, in the paper's "
        "order (centre outside of the true box, place in the order, distance), and no box is suppressed afterwards. "
        "Departures: digits of MNIST on a dark ground in place of people, their classes are found as well, three small "
        "convolutions that are trained with the cell, and a distance in the regions' units. f1 counts boxes with a "
        "confidence of at least 0.5, the right class and an overlap (intersection over union) of at least 0.5; map50 "
        "is the mean average precision of the ten classes at this overlap, by pycocotools. Training, validation and "
        "test have different digits. The sliding template is the mean image of each class in three sizes: the places "
        "with the greatest correlation are boxes, and the least correlation is chosen on 200 training images."
    )
    licence = "CC BY-SA 3.0, as usually stated"
    generator = "1"
    """The version of the images. It must change if a seed comes to give other images."""

    canvas: int = 48
    digits: int = 4
    smallest: int = 14
    largest: int = 22
    grid: int = 2
    boxes: int = 3
    filters: int = 32
    training: int = 20_000
    validation: int = 500
    test: int = 500
    data_seed: int = 0

    def __post_init__(self) -> None:
        check_whole("smallest", self.smallest, SMALLEST, SIDE)
        check_whole("largest", self.largest, self.smallest, SIDE)
        check_whole("grid", self.grid, 1, 16)
        check_whole("canvas", self.canvas, 16, 512)
        if self.canvas % (8 * self.grid):
            raise out_of_range("task.canvas", self.canvas, f"a multiple of {8 * self.grid}, 8 times task.grid")
        if self.canvas < self.largest:
            raise out_of_range("task.canvas", self.canvas, f"at least task.largest={self.largest}")
        check_whole("digits", self.digits, 1, 50)
        check_whole("boxes", self.boxes, 1, 50)
        if self.boxes * self.grid**2 < self.digits:
            raise UserError(
                f"task.boxes={self.boxes} in {self.grid**2} regions are fewer than task.digits={self.digits}; "
                "a digit that no box is left for cannot be found."
            )
        check_whole("filters", self.filters, 1, 1024)
        for name in ("training", "validation", "test"):
            check_whole(name, getattr(self, name), 1)
        check_whole("data_seed", self.data_seed, 0, LARGEST_SEED)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksums of the digits and the version of the generator."""
        return {**digit_checksums(), f"{self.name}/generator": self.generator}

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the files of MNIST and the package pycocotools exist."""
        from tasks.detection.box_scores import check_pycocotools

        check_pycocotools()
        check_digits(root)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the digits and draw the images. A step of `Batch.x` has the pixels of a row of regions."""
        from tasks.blocks.no_head import no_head
        from tasks.blocks.random_numbers import RandomNumbers
        from tasks.detection.box_emitter import BoxEmitter, RegionFeatures
        from tasks.detection.box_loss import box_loss
        from tasks.detection.box_scores import f1_score, tally_boxes
        from tasks.detection.boxes import Regions
        from tasks.detection.scenes import draw_scenes
        from tasks.images.digit_images import read_digits

        digits = read_digits(root, SIDE)
        counts = (self.training, self.validation, self.test)
        scenes = [
            draw_scenes(
                RandomNumbers(self.data_seed, part),
                digits[part],
                count,
                canvas=self.canvas,
                most=self.digits,
                sizes=(self.smallest, self.largest),
            )
            for part, count in enumerate(counts)
        ]
        regions = Regions(self.canvas, self.grid, self.boxes)
        encoder = RegionFeatures(regions, self.filters)
        train, val, test = (self._split(one) for one in scenes)

        def template() -> SlidingTemplate:
            from tasks.detection.sliding_template import SlidingTemplate

            sizes = (self.smallest, (self.smallest + self.largest) // 2, self.largest)
            return SlidingTemplate(digits[0], scenes[0], sizes, self.digits)

        return Problem(
            train,
            val,
            test,
            input_size=self.grid * encoder.features,
            steps=max(self.boxes, self.grid),
            encoder=encoder,
            head=partial(no_head, task=self.name),
            body=partial(BoxEmitter, regions=regions, features=encoder.features, classes=CLASSES),
            loss=partial(box_loss, regions=regions),
            tally=partial(tally_boxes, regions=regions),
            scores=f1_score,
            baselines=lambda: {"sliding template": template().f1(scenes[2])},
            artifacts=partial(self._artifacts, test=test, regions=regions),
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test image. Of the regions, the one in the middle is shown."""
        from dataclasses import replace

        import numpy as np

        batch = batch_of_one(problem.test, number)
        whole = self._picture(batch)
        middle = self.grid // 2
        side = self.canvas // self.grid
        numbers = np.arange(self.canvas**2).reshape(self.canvas, self.canvas)
        region = numbers[middle * side : (middle + 1) * side, middle * side : (middle + 1) * side].ravel()
        emitter = replace(whole, places=np.tile(region, (self.boxes, 1)))
        return Example(
            batch,
            whole,
            part_views={"emitter": emitter},
            part_sequences={"emitter": middle * self.grid + middle},
        )

    def _split(self, scenes: Scenes) -> TensorSplit:
        from tasks.blocks.splits import TensorSplit

        rows = scenes.images.reshape(len(scenes.images), self.grid, -1)
        return TensorSplit(rows, scenes.targets, full_scale=255)

    def _picture(self, batch: Batch) -> Picture:
        """Return the image of a batch of one."""
        from tasks.images.picture_view import picture, read_places

        places = read_places(self.canvas, self.canvas, self.canvas**2 // self.grid)
        return picture(batch.inputs, places, self.canvas, self.canvas)

    def _artifacts(self, network: TrainedNetwork, seed: int, *, test: TensorSplit, regions: Regions) -> Artifacts:
        """Return the average precision on the test part, a picture of boxes, and a file of scores."""
        del seed
        import torch

        from tasks.detection.box_scores import FoundBoxes, average_precision, found_boxes

        parts, picture = [], b""
        for indices in torch.split(torch.arange(len(test)), TEST_BATCH):
            batch = test.batch(indices)
            parts.append(found_boxes(network(batch).cpu(), regions))
            picture = picture or self._boxes(batch, parts[0])
        found = FoundBoxes(*(torch.cat(values) for values in zip(*parts, strict=True)))
        mean, each = average_precision(found, test.y, CLASSES)
        lines = [f"mean average precision at an overlap of 0.5: {mean:.4f}"]
        lines += [f"{label}: {'no digit' if one is None else f'{one:.4f}'}" for label, one in enumerate(each)]
        return Artifacts({"map50": mean}, {"boxes.png": picture, "scores.txt": "\n".join(lines).encode()})

    def _boxes(self, batch: Batch, found: FoundBoxes) -> bytes:
        """Return the first images of a batch with their boxes, as a PNG file."""
        from tasks.detection.box_scores import LEAST_CONFIDENCE
        from tasks.detection.boxes import NOTHING, corners
        from tasks.images.box_picture import BoxedImage, LabelledBox, box_picture
        from tasks.images.picture_grid import grey_bytes

        images = []
        for number in range(min(SHOWN, len(batch.y))):
            pixels = grey_bytes(batch.x[:, number].reshape(self.canvas, self.canvas).numpy())
            true, kept = batch.y[number], found.confidence[number] >= LEAST_CONFIDENCE
            pairs = (
                (true[true[:, 4] != NOTHING, :4], true[true[:, 4] != NOTHING, 4]),
                (found.boxes[number][kept], found.labels[number][kept]),
            )
            drawn = [
                [
                    LabelledBox(left, top, right, bottom, str(int(label)))
                    for (left, top, right, bottom), label in zip(corners(boxes).tolist(), labels.tolist(), strict=True)
                ]
                for boxes, labels in pairs
            ]
            images.append(BoxedImage(pixels, *drawn))
        return box_picture(images)
