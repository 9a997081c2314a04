"""MNIST in small: the four idx files in an official layout, with made-up images that can be told apart."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.images import digit_images, fashion_mnist, sequential_mnist
from tests.tasks.published import publish

TRAIN, TEST = 600, 200


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """Return the array as an idx file, unpacked."""
    header = bytes((0, 0, 0x08, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def small_arrays() -> dict[str, NDArray[np.uint8]]:
    """Return {file: array}: class c lights two rows of its own, in noise; one label in ten is drawn anew."""
    rng = np.random.default_rng(0)
    arrays: dict[str, NDArray[np.uint8]] = {}
    for part, count in (("train", TRAIN), ("t10k", TEST)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = rng.integers(0, 128, (count, 28, 28), np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[4 + 2 * label : 6 + 2 * label] += np.uint8(128)
        redrawn = rng.random(count) < 0.1
        labels[redrawn] = rng.integers(0, 10, redrawn.sum(), np.uint8)
        arrays |= {f"{part}-images-idx3-ubyte": images, f"{part}-labels-idx1-ubyte": labels}
    return arrays


def write_small_mnist(
    root: Path, patch: pytest.MonkeyPatch, folder: str = "mnist", packed: bool = True
) -> dict[str, NDArray[np.uint8]]:
    """Write the files below `root`, have the task expect their checksums, and return the arrays."""
    return write_small_idx(
        sequential_mnist.PACKED if packed else sequential_mnist.UNPACKED, root, patch, folder, packed
    )


def write_small_digits(root: Path, patch: pytest.MonkeyPatch) -> dict[str, NDArray[np.uint8]]:
    """Write the files for tasks that are made from digits; the first 100 training images are held out."""
    patch.setattr(digit_images, "HELD_OUT", 100)
    return write_small_mnist(root, patch)


def write_small_fashion(root: Path, patch: pytest.MonkeyPatch) -> dict[str, NDArray[np.uint8]]:
    """Write the same images as Fashion-MNIST's files."""
    return write_small_idx(fashion_mnist.PACKED, root, patch, fashion_mnist.FOLDERS[0])


def write_small_idx(
    checksums: dict[str, str], root: Path, patch: pytest.MonkeyPatch, folder: str, packed: bool = True
) -> dict[str, NDArray[np.uint8]]:
    """Write the files below `root`, put what they are known by into `checksums`, and return the arrays."""
    arrays = small_arrays()
    for name, array in arrays.items():
        data = gzip.compress(idx_bytes(array), mtime=0) if packed else idx_bytes(array)
        file = f"{name}.gz" if packed else name
        publish(root / folder / file, data, checksums, patch)
    return arrays
