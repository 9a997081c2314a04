"""Sequential MNIST: a digit is read pixel by pixel, with or without a permutation, or row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Example, Metric, Problem, Size, Task, batch_of_one
from tasks.blocks.validation import check_choice, check_held_out, check_whole
from tasks.images.idx_images import SHAPES, SIDE, TRAINING_IMAGES, IdxImages, as_sequences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOURCE_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
FOLDERS = ("mnist", ".", "MNIST/raw")
PACKED = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
UNPACKED = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MNIST = IdxImages("mnist", SOURCE_URL, FOLDERS, PACKED, UNPACKED)


@dataclass(frozen=True)
class SequentialMnist(Task):
    """28x28 images of ten digits, scaled to [0, 1], read row by row from the top left.

    Attributes:
        order: "pixel" for one pixel at each step (T 784, I 1), or "row" for one row at each step (T 28, I 28).
        permutation_seed: seed of a permutation of the pixels, the same for all images (permuted MNIST); None for no
            permutation. Each paper used its own permutation.
        validation: number of official training images that are held out for validation. The first ones are taken.
        limit: number of the remaining images that are used for training. The first ones are taken; None for all.
    """

    title = "Sequential MNIST"
    metrics = (Metric("accuracy", "max", low=0, high=1),)
    chance = 0.1135  # the answer is always 1, the most frequent digit in training: 1,135 of the 10,000 test images
    protocol = (
        "Le, Jaitly & Hinton 2015, with the sizes of TensorFlow's split, as van der Westhuizen & Lasenby 2018 use it: "
        "55,000 training images, the first 5,000 of the official ones for validation, and the official 10,000 for test."
    )
    licence = "CC BY-SA 3.0, as usually stated"
    idx_files: ClassVar[IdxImages] = MNIST

    order: str = "pixel"
    permutation_seed: int | None = None
    validation: int = 5000
    limit: int | None = None

    def __post_init__(self) -> None:
        check_choice("order", self.order, SHAPES)
        check_held_out(self.validation, self.limit, TRAINING_IMAGES)
        if self.permutation_seed is not None:
            check_whole("permutation_seed", self.permutation_seed, 0)
            if self.order != "pixel":
                raise UserError(
                    f"task.permutation_seed permutes single pixels; with task.order {self.order!r} it must be null."
                )

    def checksums(self) -> Mapping[str, str]:
        """Return the checksums of the four published files; the decompressed files hold the same data."""
        return self.idx_files.packed

    def size(self) -> Size:
        """Return the number of training images, T and I."""
        return Size(self.limit or TRAINING_IMAGES - self.validation, *SHAPES[self.order])

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the four idx files exist, compressed or not."""
        self.idx_files.check(root)

    @property
    def answers(self) -> tuple[str, ...]:
        """The ten digits."""
        return tuple("0123456789")

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test image."""
        from tasks.images.picture_view import picture

        batch = batch_of_one(problem.test, number)
        return Example(batch, picture(batch.inputs, self._places(), SIDE, SIDE), self.answer(batch.y))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a user's image file."""
        import torch

        from tasks.images.picture_view import picture, read_grey_image

        pixels, notes = read_grey_image(given, SIDE, SIDE)
        places = self._places()
        x = torch.from_numpy(pixels.ravel()[places])
        return Example(Batch(x[:, None], torch.zeros(1)), picture(x.numpy(), places, SIDE, SIDE), notes=notes)

    def _places(self) -> NDArray[np.int64]:
        """Return the pixels (T, P) that each step reads."""
        import numpy as np

        from tasks.blocks.shuffling import permutation
        from tasks.images.picture_view import read_places

        seed, order = self.permutation_seed, None
        if seed is not None:
            order = np.array(permutation(SIDE * SIDE, seed))
        return read_places(SIDE, SIDE, SHAPES[self.order][1], order)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the four idx files, compressed or not, from the folders of `idx_files` below the data root."""
        from tasks.blocks.objectives import classification_problem

        images, labels = self.idx_files.read(root, "train")
        held_out, end = self.validation, None if self.limit is None else self.validation + self.limit
        steps, input_size = SHAPES[self.order]
        return classification_problem(
            as_sequences(images[held_out:end], labels[held_out:end], self.order, self.permutation_seed),
            as_sequences(images[:held_out], labels[:held_out], self.order, self.permutation_seed),
            as_sequences(*self.idx_files.read(root, "t10k"), self.order, self.permutation_seed),
            input_size=input_size,
            steps=steps,
            classes=10,
        )
