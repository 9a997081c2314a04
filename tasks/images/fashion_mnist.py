"""Fashion-MNIST as a sequence: images of clothing in the format of MNIST, which are harder to classify than digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tasks.images.idx_images import IdxImages
from tasks.images.sequential_mnist import SequentialMnist

SOURCE_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FOLDERS = (
    "fashion_mnist",
    "fashion-mnist/data/fashion",  # the folder in the repository of its authors
    "FashionMNIST/raw",  # the folder of torchvision
)
PACKED = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
UNPACKED = {  # MD5, because no other checksum of the decompressed files is published
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}

CLOTHES = (
    *("T-shirt or top", "trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
"""The classes, in the order of the labels."""


@dataclass(frozen=True)
class FashionMnist(SequentialMnist):
    """28x28 greyscale images of ten kinds of clothing; see `SequentialMnist` for the parameters."""

    title = "Fashion-MNIST as a sequence"
    chance = 0.1  # every class has 1,000 of the 10,000 test images
    protocol = (
        "Xiao, Rasul & Vollgraf 2017 for the images and their test part; read and split as sequential MNIST, 55,000 "
        "for training and the first 5,000 of the official ones for validation. There is no standard protocol for "
        "recurrent networks."
    )
    licence = "MIT"
    idx_files: ClassVar[IdxImages] = IdxImages("fashion_mnist", SOURCE_URL, FOLDERS, PACKED, UNPACKED)

    @property
    def answers(self) -> tuple[str, ...]:
        """The ten kinds of clothes."""
        return CLOTHES
