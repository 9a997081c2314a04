"""Sequential CIFAR-10: a small photograph is read pixel by pixel or row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.task import Example, Metric, Problem, Size, Task, batch_of_one
from tasks.blocks.validation import check_choice, check_flag, check_held_out

if TYPE_CHECKING:
    from torch import Tensor

    from tasks.images.cifar import CifarFiles, Images

SOURCE_URL = "https://www.cs.toronto.edu/~kriz/"
FOLDERS = ("cifar10", ".")
ARCHIVE, BATCH_FOLDER = "cifar-10-python.tar.gz", "cifar-10-batches-py"
CHECKSUMS = {
    "cifar-10-python.tar.gz": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    "data_batch_1": "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd",
    "data_batch_2": "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8",
    "data_batch_3": "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9",
    "data_batch_4": "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b",
    "data_batch_5": "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154",
    "test_batch": "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831",
}
TRAINING_IMAGES = 50_000
SIDE = 32  # the number of rows and of columns of an image
ANSWERS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
STEPS = {"pixel": 1024, "row": 32}  # order: T
LUMA = (299, 587, 114)  # weights of red, green and blue in the brightness, in thousandths (ITU-R BT.601)


@dataclass(frozen=True)
class SequentialCifar10(Task):
    """32x32 colour photographs of ten classes, scaled to [0, 1], read row by row from the top left.

    Attributes:
        order: "pixel" for one pixel at each step (T 1024, I 3), or "row" for one row at each step (T 32, I 96, with the
            three colours of a pixel next to each other).
        greyscale: whether the brightness of a pixel replaces its three colours (I 1, or 32).
        validation: number of official training images that are held out for validation. The first ones are taken.
        limit: number of the remaining images that are used for training. The first ones are taken; None for all.
    """

    title = "Sequential CIFAR-10"
    metrics = (Metric("accuracy", "max", low=0, high=1),)
    chance = 0.1  # every class has 1,000 of the 10,000 test images
    protocol = (
        "Trinh, Dai, Luong & Le 2018: pixel by pixel in colour. Departures: the values are scaled to [0, 1] and not "
        "standardised, and the first 5,000 of the official training images are held out. By row as Chang, Chen, Haber "
        "& Chi 2019, without their noise in place of further rows; in grey as Tay et al. 2021 (Long Range Arena)."
    )
    licence = "none stated; cite Krizhevsky 2009"

    order: str = "pixel"
    greyscale: bool = False
    validation: int = 5000
    limit: int | None = None

    def __post_init__(self) -> None:
        check_choice("order", self.order, STEPS)
        check_flag("greyscale", self.greyscale)
        check_held_out(self.validation, self.limit, TRAINING_IMAGES)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the archive; the unpacked files hold the same data."""
        return {ARCHIVE: CHECKSUMS[ARCHIVE]}

    def size(self) -> Size:
        """Return the number of training images, T and I."""
        steps, channels = STEPS[self.order], 1 if self.greyscale else 3
        return Size(self.limit or TRAINING_IMAGES - self.validation, steps, 1024 * channels // steps)

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the batches or the archive exist."""
        self._files().paths(root)

    def _files(self) -> CifarFiles:
        from tasks.images.cifar import CifarFiles

        return CifarFiles(SOURCE_URL, FOLDERS, ARCHIVE, BATCH_FOLDER, CHECKSUMS)

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        """Read the batches, or else the archive, from the folder `cifar10` of the data root or from the root itself."""
        import torch

        from tasks.blocks.objectives import classification_problem
        from tasks.blocks.splits import TensorSplit
        from tasks.images.cifar import CLASSES

        arrays = self._files().read(root, cache)
        training = [name for name in CHECKSUMS if name.startswith("data_batch")]
        images = torch.cat([self._sequences(arrays[f"{name}_images"]) for name in training])
        labels = torch.cat([torch.tensor(arrays[f"{name}_labels"]) for name in training])
        held_out, end = self.validation, None if self.limit is None else self.validation + self.limit
        size = self.size()
        return classification_problem(
            TensorSplit(images[held_out:end], labels[held_out:end], full_scale=255),
            TensorSplit(images[:held_out], labels[:held_out], full_scale=255),
            TensorSplit(
                self._sequences(arrays["test_batch_images"]), torch.tensor(arrays["test_batch_labels"]), full_scale=255
            ),
            input_size=size.inputs,
            steps=size.steps,
            classes=CLASSES,
        )

    @property
    def answers(self) -> tuple[str, ...]:
        """The ten classes."""
        return ANSWERS

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test image."""
        from tasks.images.picture_view import picture, read_places

        batch = batch_of_one(problem.test, number)
        places = read_places(SIDE, SIDE, SIDE * SIDE // STEPS[self.order])
        view = picture(batch.inputs, places, SIDE, SIDE, 1 if self.greyscale else 3)
        return Example(batch, view, self.answer(batch.y))

    def _sequences(self, images: Images) -> Tensor:
        """Return the images (N, 3, 32, 32) as sequences of bytes (N, T, I) in the task's order."""
        import numpy as np
        import torch

        if self.greyscale:
            thousandths = sum(images[:, channel] * np.uint32(weight) for channel, weight in enumerate(LUMA))
            pixels = ((thousandths + np.uint32(500)) // np.uint32(1000)).astype(np.uint8)
        else:
            pixels = images.transpose(0, 2, 3, 1).copy()
        return torch.from_numpy(pixels).reshape(len(images), STEPS[self.order], -1)
