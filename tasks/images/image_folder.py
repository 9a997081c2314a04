"""The user's images as sequences: a folder with a folder for each class."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Example, Problem, batch_of_one
from tasks.blocks.class_folder_task import ClassFolderTask
from tasks.blocks.validation import check_choice, check_flag, check_whole
from tasks.data.class_folder import folder_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gatebench.views import Picture

ORDERS = ("row", "pixel")
MOST_SIDE = 1024
FORMAT = 1
"""The version of the cache entries. It must be raised if the same fields come to mean other pixels."""


@dataclass(frozen=True)
class ImageFolder(ClassFolderTask):
    """The user's images, scaled to [0, 1], read row by row from the top left. R rows, C columns, K channels.

    The class folders hold PNG or JPEG files. See `ClassFolderTask` for the other parameters.

    Attributes:
        order: "row" for one row at each step (T R, I C · K), or "pixel" for one pixel at each step (T R · C, I K).
        side: the number of rows and of columns to which each image is resized, whatever its shape; None: all images
            have one size already.
        greyscale: whether the brightness of a pixel (K 1) replaces its three colours (K 3).
    """

    title = "Images of the user"
    protocol = (
        "None is published. The parts are the user's, or a seed draws 70 % for training, 10 % for validation and 20 % "
        "for test, with about the same share of each class. Equal images are in one part. With task.group, no group is "
        "in two parts; without it, images of one person or place can be in two parts. The logistic regression sees at "
        "most 5,000 training images, reduced to at most 16 x 16 pixels."
    )
    suffixes = (".png", ".jpg", ".jpeg")
    kind = "an image"

    order: str = "row"
    side: int | None = None
    greyscale: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("order", self.order, ORDERS)
        if self.side is not None:
            check_whole("side", self.side, 1, MOST_SIDE)
        check_flag("greyscale", self.greyscale)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (the path is the user's)
        """Read the images from the cache or from the folder, and split them.

        Raises:
            UserError: a file is no image, the images differ in size, or a part has no example.
        """
        from hashlib import blake2b

        import torch

        from tasks.blocks.majority import majority
        from tasks.blocks.objectives import classification_problem
        from tasks.blocks.splits import TensorSplit
        from tasks.images.linear_images import linear_image_accuracy

        images = self._images(cache)
        parts = self.parts([blake2b(image.tobytes(), digest_size=16).digest() for image in images])
        rows, columns, channels = images.shape[1:]
        steps = rows if self.order == "row" else rows * columns
        sequences = torch.from_numpy(images).reshape(len(images), steps, -1)
        labels = self.labels()
        train, val, test = (TensorSplit(sequences[part], labels[part], full_scale=255) for part in parts)
        return classification_problem(
            train,
            val,
            test,
            input_size=sequences.shape[2],
            steps=steps,
            classes=len(self.answers),
            baselines=lambda: {
                "majority": majority(train, test),
                "logistic regression": linear_image_accuracy(train, test, (rows, columns, channels), len(self.answers)),
            },
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test image."""
        batch = batch_of_one(problem.test, number)
        return Example(batch, self._picture(batch.inputs), self.answer(batch.y))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a further image of the user in PNG or JPEG.

        Raises:
            UserError: it is no image, or it has another size than the images of the task.
        """
        import torch

        from tasks.images.image_files import decode_image

        image = decode_image(given.read_bytes(), str(given.file), self.side, self.greyscale)
        expected = self._shape()
        if image.shape[:2] != expected:
            raise UserError(
                f"{given.file} has {image.shape[1]} x {image.shape[0]} pixels; the images of the task have "
                f"{expected[1]} x {expected[0]}."
            )
        x = torch.tensor(image).reshape(problem.steps, problem.input_size) / 255
        return Example(Batch(x[:, None], torch.zeros(1)), self._picture(x.numpy()))

    def _images(self, cache: Path | None) -> NDArray[np.uint8]:
        """Return the images (N, R, C, K) from the cache, or read and cache them."""
        from tasks.data.array_cache import memory_mapped_arrays
        from tasks.images.image_files import read_images

        origin = {
            "format": FORMAT,
            "files": folder_digest(self.files),
            "side": self.side,
            "greyscale": self.greyscale,
            "libraries": {"pillow": version("pillow")},
        }
        return memory_mapped_arrays(
            cache, "image_folder", origin, lambda: {"images": read_images(self.files, self.side, self.greyscale)}
        )["images"]

    def _shape(self) -> tuple[int, ...]:
        """Return the numbers of rows and columns of all images, from the first one."""
        from tasks.images.image_files import read_images

        return read_images(self.files[:1], self.side, self.greyscale).shape[1:3]

    def _picture(self, inputs: NDArray[Any]) -> Picture:
        """Return the image of a sequence (T, I)."""
        from tasks.images.picture_view import picture, read_places

        rows, columns = self._shape()
        places = read_places(rows, columns, rows * columns // len(inputs))
        return picture(inputs, places, rows, columns, 1 if self.greyscale else 3)
