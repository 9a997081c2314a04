"""Scikit-learn's handwritten digits, pixel by pixel: a real task that needs no download."""

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
HOME = "https://github.com/scikit-learn/scikit-learn/tree/main/sklearn/datasets/data"
FRACTIONS = (0.15, 0.15)  # of each class, for validation and for test


@dataclass(frozen=True)
class Digits(Task):
    """8x8 images of ten digits, row by row from the top left, one pixel a step, scaled to [0, 1]: T 64, I 1.

    The 1,797 images are split class by class into 1,259 for training, 269 for validation and 269 for test; the seed
    moves images between the parts and leaves the counts of every class as they are.
    """

    title = "Handwritten digits, 8x8, pixel by pixel"
    metrics = (Metric("accuracy", "max"),)
    chance = 0.1  # one class of ten; the largest class is 27 of the 269 test images, 0.1004
    protocol = (
        "None is published for recurrent networks. The images are the test part of UCI's Optical Recognition of "
        "Handwritten Digits (Alpaydin & Kaynak 1998), split anew: figures for the whole set are not comparable."
    )
    licence = "CC BY 4.0"

    split_seed: int = 0

    def __post_init__(self) -> None:
        check_whole("split_seed", self.split_seed, 0)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the one file, which comes with scikit-learn."""
        return {FILE: SHA256}

    def size(self) -> Size:
        """Return the size of the training split."""
        return Size(1259, 64, 1)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (the file comes with scikit-learn)
        """Read and split the images; raise `UserError` when scikit-learn's file is absent or is another."""
        import gzip
        import io

        import numpy as np
        import torch

        from tasks.blocks.objectives import classification_problem
        from tasks.blocks.shuffling import stratified
        from tasks.blocks.splits import TensorSplit

        text = gzip.decompress(read_verified(_installed(), SHA256, HOME))
        table = torch.from_numpy(np.loadtxt(io.BytesIO(text), np.uint8, delimiter=","))
        pixels, labels = table[:, :64, None], table[:, 64].long()
        train, val, test = (
            TensorSplit(pixels[part], labels[part], full_scale=16)
            for part in stratified(labels.tolist(), FRACTIONS, self.split_seed)
        )
        return classification_problem(train, val, test, input_size=1, steps=64, classes=10)


def _installed() -> Path:
    """Return where scikit-learn keeps the file, without importing scikit-learn."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise UserError(f"The task digits reads {FILE} from scikit-learn, which is not installed.")
    return Path(spec.origin).parent / "datasets" / "data" / FILE
