"""The handwritten digits of scikit-learn as sequences of pixels: a task on real data that needs no download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Example, Metric, Problem, Size, Task, batch_of_one
from tasks.blocks.validation import check_choice_of_numbers, check_whole
from tasks.data.files import read_verified

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from gatebench.views import Picture

FILE = "digits.csv.gz"
SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
SOURCE_URL = "https://github.com/scikit-learn/scikit-learn/tree/main/sklearn/datasets/data"
FRACTIONS = (0.15, 0.15)  # the fractions of each class for validation and test


SIDE = 8  # the number of rows and of columns of an image
PIXELS = SIDE * SIDE
MOST_IMAGES = 64  # of a sequence


@dataclass(frozen=True)
class Digits(Task):
    """8x8 images of ten digits, scaled to [0, 1], read row by row from the top left. The class of the last one counts.

    By default a sequence is one image, read one pixel at each step: T 64, I 1. The 1,797 images are split into 1,259
    for training, 269 for validation and 269 for test, with the same fractions of every class.

    With `images` above 1 a sequence is a stream of images without marks between them, and a network has to forget the
    images before the last one. Each image of a part is the last one of one sequence. The images before it are from the
    same part, in a random order: each image stands once at each place.

    Attributes:
        split_seed: seed of the split, and of the images before the last one. It does not change the number of images of
            a class in a part.
        pixels: I, the number of pixels at each step, a divisor of 64. 8 is one row.
        images: the number of images of a sequence, from 1 to 64. T is 64 · images / pixels.
    """

    title = "Handwritten digits, 8x8, pixel by pixel"
    metrics = (Metric("accuracy", "max", low=0, high=1),)
    chance = 0.1  # one class of ten; the largest class has 27 of the 269 test images, 0.1004
    protocol = (
        "None is published for recurrent networks. The images are the test part of UCI's Optical Recognition of "
        "Handwritten Digits (Alpaydin & Kaynak 1998), split anew: figures for the whole set are not comparable."
    )
    licence = "CC BY 4.0"

    split_seed: int = 0
    pixels: int = 1
    images: int = 1

    def __post_init__(self) -> None:
        check_whole("split_seed", self.split_seed, 0)
        check_choice_of_numbers("pixels", self.pixels, [n for n in range(1, PIXELS + 1) if PIXELS % n == 0])
        check_whole("images", self.images, 1, MOST_IMAGES)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters, without `pixels` and `images` if they are 1: older digests do not contain them."""
        later = ("pixels", "images")
        return {name: value for name, value in super().parameters().items() if name not in later or value != 1}

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the file, which is a part of scikit-learn."""
        return {FILE: SHA256}

    def size(self) -> Size:
        """Return the size of the training split."""
        return Size(1259, self._steps, self.pixels)

    @property
    def _steps(self) -> int:
        """T."""
        return PIXELS * self.images // self.pixels

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (the file is a part of scikit-learn)
        """Read and split the images; raise `UserError` if the file of scikit-learn is missing or is another one."""
        import gzip
        import io

        import numpy as np
        import torch

        from tasks.blocks.logistic_regression import logistic_regression_accuracy
        from tasks.blocks.objectives import classification_problem
        from tasks.blocks.shuffling import stratified
        from tasks.blocks.splits import TensorSplit

        text = gzip.decompress(read_verified(_installed_file(), SHA256, SOURCE_URL))
        table = torch.from_numpy(np.loadtxt(io.BytesIO(text), np.uint8, delimiter=","))
        images, labels = table[:, :PIXELS], table[:, PIXELS].long()
        parts = stratified(labels.tolist(), FRACTIONS, self.split_seed)
        train, val, test = (TensorSplit(self._streams(images[part]), labels[part], full_scale=16) for part in parts)
        single = [(images[part] / 16, labels[part]) for part in (parts[0], parts[2])]
        return classification_problem(
            train,
            val,
            test,
            input_size=self.pixels,
            steps=self._steps,
            classes=10,
            baselines=lambda: {"logistic regression": logistic_regression_accuracy(*single, classes=10)},
        )

    @property
    def answers(self) -> tuple[str, ...]:
        """The ten digits."""
        return tuple("0123456789")

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return the images of a test sequence, side by side."""
        batch = batch_of_one(problem.test, number)
        return Example(batch, self._picture(batch.inputs), self.answer(batch.y))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a user's image file. In a stream it is the last image, after those of the first test sequence."""
        import torch

        from tasks.images.picture_view import read_grey_image

        pixels, notes = read_grey_image(given, SIDE, SIDE)
        last = torch.from_numpy(pixels.reshape(-1, self.pixels).copy())
        before = batch_of_one(problem.test, 0).x[: self._steps - len(last)]
        batch = Batch(torch.cat([before, last[:, None]]), torch.zeros(1))
        if self.images > 1:
            notes += ("The images before it are those of test example 0.",)
        return Example(batch, self._picture(batch.inputs), notes=notes)

    def _picture(self, inputs: NDArray[Any]) -> Picture:
        """Return the images of a sequence (T, I) side by side."""
        import numpy as np

        from tasks.images.picture_view import picture

        image, row, column = np.unravel_index(np.arange(PIXELS * self.images), (self.images, SIDE, SIDE))
        width = SIDE * self.images
        places = (row * width + image * SIDE + column).reshape(-1, self.pixels)
        return picture(inputs, places, SIDE, width)

    def _streams(self, images: Tensor) -> Tensor:
        """Return the sequences (N, T, I) whose last images are these (N, 64)."""
        import torch

        from tasks.blocks.shuffling import permutation

        seeds = (self.split_seed * MOST_IMAGES + place for place in range(1, self.images))
        before = [images[permutation(len(images), seed)] for seed in seeds]
        return torch.cat([*before, images], 1).reshape(len(images), self._steps, self.pixels)


def _installed_file() -> Path:
    """Return the path of the file in the installed scikit-learn, without importing scikit-learn, which is slow."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise UserError(f"The task digits reads {FILE} from scikit-learn, which is not installed.")
    return Path(spec.origin).parent / "datasets" / "data" / FILE
