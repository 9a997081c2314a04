"""CIFAR-10 in small: the official archive's layout, with made-up images, pickled as Python 2's `cPickle` did."""

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.images import sequential_cifar10
from tasks.images.sequential_cifar10 import ARCHIVE, BATCH_FOLDER, CHECKSUMS
from tests.tasks.data.archives import tar_bytes
from tests.tasks.published import publish

BATCHES = tuple(name for name in CHECKSUMS if name != ARCHIVE)
IMAGES = 120  # in a batch
Batch = tuple[NDArray[np.uint8], list[int]]  # (N, 3072), N


def pickled(value: object) -> bytes:
    """Return the value as cPickle's protocol 2 writes it; its memo begins at 1."""
    memo = count(1)
    return b"\x80\x02" + _code(value, memo) + b"."


def _code(value: Any, memo: "count[int]") -> bytes:
    if isinstance(value, bytes):
        short = len(value) < 256
        size = b"U" + bytes([len(value)]) if short else b"T" + len(value).to_bytes(4, "little")
        return size + value + _put(memo)
    if isinstance(value, int):
        return b"K" + bytes([value]) if value < 256 else b"M" + value.to_bytes(2, "little")
    if isinstance(value, list):
        start = b"]" + _put(memo)
        return start + b"(" + b"".join(_code(item, memo) for item in value) + b"e"
    if isinstance(value, dict):
        start = b"}" + _put(memo)
        return start + b"(" + b"".join(_code(key, memo) + _code(item, memo) for key, item in value.items()) + b"u"
    assert isinstance(value, np.ndarray)
    return _array_code(value, memo)


def _array_code(array: NDArray[np.uint8], memo: "count[int]") -> bytes:
    fortran = not array.flags.c_contiguous
    made = b"cnumpy.core.multiarray\n_reconstruct\n" + _put(memo) + b"cnumpy\nndarray\n" + _put(memo)
    made += b"K\x00\x85" + _put(memo) + _code(b"b", memo) + b"\x87" + _put(memo) + b"R" + _put(memo)
    shape = b"".join(_code(size, memo) for size in array.shape) + b"\x86" + _put(memo)
    dtype = b"cnumpy\ndtype\n" + _put(memo) + _code(b"u1", memo) + b"K\x00K\x01\x87" + _put(memo) + b"R" + _put(memo)
    dtype += b"(K\x03" + _code(b"|", memo) + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t" + _put(memo) + b"b"
    flag = b"\x88" if fortran else b"\x89"
    content = _code(array.tobytes("F" if fortran else "C"), memo)
    return made + b"(K\x01" + shape + dtype + flag + content + b"t" + _put(memo) + b"b"


def _put(memo: "count[int]") -> bytes:
    index = next(memo)
    return b"q" + bytes([index]) if index < 256 else b"r" + index.to_bytes(4, "little")


def small_batches() -> dict[str, Batch]:
    """Return {batch: images and labels}: class c brightens three rows of its own in one colour, in noise."""
    rng = np.random.default_rng(0)
    batches: dict[str, Batch] = {}
    for name in BATCHES:
        labels = (np.arange(IMAGES) % 10).tolist()
        images = rng.integers(0, 128, (IMAGES, 3, 32, 32), np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[label % 3, 3 * label : 3 * label + 3] += np.uint8(128)
        redrawn = rng.random(IMAGES) < 0.1
        labels = np.where(redrawn, rng.integers(0, 10, IMAGES), labels).tolist()
        batches[name] = images.reshape(IMAGES, 3072), labels
    return batches


def batch_bytes(batch: Batch, name: str = "data_batch_1") -> bytes:
    images, labels = batch
    names = [b"image_s_%06d.png" % index for index in range(len(labels))]
    return pickled({b"batch_label": name.encode(), b"labels": labels, b"data": images, b"filenames": names})


def write_small_cifar(
    root: Path, patch: pytest.MonkeyPatch, folder: str = "cifar10", packed: bool = True
) -> dict[str, Batch]:
    """Write the archive, or what is in it, below `root`, have the task expect the checksums; return the batches."""
    batches = small_batches()
    files = {name: batch_bytes(batch, name) for name, batch in batches.items()}
    if packed:
        files = {ARCHIVE: archive_bytes({f"{BATCH_FOLDER}/{name}": data for name, data in files.items()})}
    target = root / folder if packed else root / folder / BATCH_FOLDER
    for name, data in files.items():
        publish(target / name, data, sequential_cifar10.CHECKSUMS, patch)
    return batches


def archive_bytes(files: dict[str, bytes]) -> bytes:
    """Return a packed archive of the files, with a note beside them as in the official one."""
    return tar_bytes({f"{BATCH_FOLDER}/readme.html": b"<meta>", **files}, "gz")
