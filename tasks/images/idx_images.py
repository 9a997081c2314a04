"""28x28 images of ten classes in four idx files, as MNIST has them and all that take its place."""

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
SHAPES = {"pixel": (784, 1), "row": (28, 28)}  # order: (T, I)


@dataclass(frozen=True)
class IdxImages:
    """Where four idx files come from and how they are known.

    home: the address of the folder where they are published. folders: where they may lie below a data root, the usual
    one first. packed, unpacked: {file: checksum in hex digits}, of the files as published and of what is in them.
    """

    home: str
    folders: tuple[str, ...]
    packed: Mapping[str, str]
    unpacked: Mapping[str, str]

    def read(self, root: Path, part: Literal["train", "t10k"]) -> tuple[Tensor, Tensor]:
        """Return the images (N, 28, 28) in bytes and the labels (N,), verified, of one part.

        Raises:
            MissingFile: a file is not below the data root.
            UserError: a file cannot be read, or is not the published one.
        """
        import torch

        from tasks.images.idx import read_idx

        arrays = []
        for name, ndim in ((f"{part}-images-idx3-ubyte", 3), (f"{part}-labels-idx1-ubyte", 1)):
            path = find_file(root, self.folders, (f"{name}.gz", name), self.home)
            data = read_verified(path, {**self.packed, **self.unpacked}[path.name], self.home)
            arrays.append(torch.tensor(read_idx(data, ndim, str(path))))
        return arrays[0], arrays[1].long()


def as_sequences(images: Tensor, labels: Tensor, order: str, permutation_seed: int | None) -> TensorSplit:
    """Return the images (N, 28, 28) as sequences (N, T, I), a pixel or a row a step, permuted if there is a seed."""
    import torch

    from tasks.blocks.shuffling import permutation
    from tasks.blocks.splits import TensorSplit

    pixels = images.reshape(len(images), -1)
    if permutation_seed is not None:
        pixels = pixels.index_select(1, torch.tensor(permutation(pixels.shape[1], permutation_seed)))
    return TensorSplit(pixels.reshape(len(images), *SHAPES[order]), labels, full_scale=255)
