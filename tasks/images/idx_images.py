"""28x28 images of ten classes in four idx files, the format of MNIST and Fashion-MNIST."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasks.data.files import find_file, read_verified

if TYPE_CHECKING:
    from torch import Tensor

    from tasks.blocks.splits import TensorSplit

TRAINING_IMAGES = 60_000

SIDE = 28
"""The number of rows and of columns of an image."""

SHAPES = {"pixel": (784, 1), "row": (28, 28)}
"""{order: (T, I)}"""


@dataclass(frozen=True)
class IdxImages:
    """The four idx files of a data set.

    Attributes:
        dataset: name of the data set in `gatebench data fetch`.
        source_url: address of the folder in which they are published.
        folders: folders below the data root in which they are searched, in this order.
        packed: {file: checksum in hex digits} of the published files, which are compressed with gzip.
        unpacked: {file: checksum in hex digits} of the decompressed files.
    """

    dataset: str
    source_url: str
    folders: tuple[str, ...]
    packed: Mapping[str, str]
    unpacked: Mapping[str, str]

    def paths(self, root: Path, part: Literal["train", "t10k"]) -> list[Path]:
        """Return the paths of the images and of the labels of a part.

        Raises:
            MissingFile: a file is not below the data root.
        """
        return [
            find_file(root, self.folders, (f"{name}.gz", name), self.source_url, dataset=self.dataset)
            for name in (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte")
        ]

    def check(self, root: Path) -> None:
        """Check that the four files exist.

        Raises:
            MissingFile: a file is not below the data root.
        """
        self.paths(root, "train")
        self.paths(root, "t10k")

    def read(self, root: Path, part: Literal["train", "t10k"]) -> tuple[Tensor, Tensor]:
        """Return the images (N, 28, 28), as bytes, and the labels (N,) of the official training or test part.

        Args:
            root: the data root.
            part: "train", or "t10k" for the test part.

        Raises:
            MissingFile: a file is not below the data root.
            UserError: a file cannot be read, or is not the published one.
        """
        import torch

        from tasks.images.idx import read_idx

        arrays = []
        for path, ndim in zip(self.paths(root, part), (3, 1), strict=True):
            data = read_verified(path, {**self.packed, **self.unpacked}[path.name], self.source_url)
            arrays.append(torch.tensor(read_idx(data, ndim, str(path))))
        return arrays[0], arrays[1].long()


def as_sequences(images: Tensor, labels: Tensor, order: str, permutation_seed: int | None) -> TensorSplit:
    """Return images as sequences, with one pixel or one row at each step.

    Args:
        images: (N, 28, 28) bytes.
        labels: (N,) classes.
        order: a key of `SHAPES`.
        permutation_seed: seed of a permutation of the pixels, the same for all images; None for no permutation.
    """
    import torch

    from tasks.blocks.shuffling import permutation
    from tasks.blocks.splits import TensorSplit

    pixels = images.reshape(len(images), -1)
    if permutation_seed is not None:
        pixels = pixels.index_select(1, torch.tensor(permutation(pixels.shape[1], permutation_seed)))
    return TensorSplit(pixels.reshape(len(images), *SHAPES[order]), labels, full_scale=255)
