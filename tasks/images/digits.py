"""The handwritten digits of scikit-learn, pixel by pixel: a task on real data that needs no download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gatebench.errors import UserError
from gatebench.task import Metric, Problem, Size, Task
from tasks.blocks.validation import check_whole
from tasks.data.files import read_verified

FILE = "digits.csv.gz"
SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
SOURCE_URL = "https://github.com/scikit-learn/scikit-learn/tree/main/sklearn/datasets/data"
FRACTIONS = (0.15, 0.15)  # the fractions of each class for validation and test


@dataclass(frozen=True)
class Digits(Task):
    """8x8 images of ten digits, scaled to [0, 1], read row by row from the top left, one pixel at each step: T 64, I 1.

    The 1,797 images are split into 1,259 for training, 269 for validation and 269 for test, with the same fractions of
    every class.

    Attributes:
        split_seed: seed of the split. It does not change the number of images of a class in a part.
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

    def __post_init__(self) -> None:
        check_whole("split_seed", self.split_seed, 0)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the file, which is a part of scikit-learn."""
        return {FILE: SHA256}

    def size(self) -> Size:
        """Return the size of the training split."""
        return Size(1259, 64, 1)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (the file is a part of scikit-learn)
        """Read and split the images; raise `UserError` if the file of scikit-learn is missing or is another one."""
        import gzip
        import io

        import numpy as np
        import torch

        from tasks.blocks.objectives import classification_problem
        from tasks.blocks.shuffling import stratified
        from tasks.blocks.splits import TensorSplit

        text = gzip.decompress(read_verified(_installed_file(), SHA256, SOURCE_URL))
        table = torch.from_numpy(np.loadtxt(io.BytesIO(text), np.uint8, delimiter=","))
        pixels, labels = table[:, :64, None], table[:, 64].long()
        train, val, test = (
            TensorSplit(pixels[part], labels[part], full_scale=16)
            for part in stratified(labels.tolist(), FRACTIONS, self.split_seed)
        )
        return classification_problem(train, val, test, input_size=1, steps=64, classes=10)


def _installed_file() -> Path:
    """Return the path of the file in the installed scikit-learn, without importing scikit-learn, which is slow."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise UserError(f"The task digits reads {FILE} from scikit-learn, which is not installed.")
    return Path(spec.origin).parent / "datasets" / "data" / FILE
