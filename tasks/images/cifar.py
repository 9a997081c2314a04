"""CIFAR-10's official Python archive: 32x32 colour images in six pickles, packed in a tar file or not."""

import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.data.array_cache import Arrays, cached_arrays
from tasks.data.files import MissingFile, find_file, read_verified
from tasks.images.pickled import bytes_array, read_pickled

CHANNELS, SIDE, CLASSES = 3, 32, 10
Images = NDArray[np.uint8]  # (N, 3, 32, 32): red, green, blue
Labels = NDArray[np.int64]  # (N,)


@dataclass(frozen=True)
class CifarFiles:
    """Where the archive comes from, and how it and the batches in it are known.

    home: the address of the folder where it is published. folders: where it may lie below a data root, packed or
    unpacked. archive: its name. inside: the folder in it. checksums: {file: SHA-256 in hex digits}, of the archive and
    of each batch.
    """

    home: str
    folders: tuple[str, ...]
    archive: str
    inside: str
    checksums: Mapping[str, str]

    @property
    def batches(self) -> tuple[str, ...]:
        """The names of the batches."""
        return tuple(name for name in self.checksums if name != self.archive)

    def read(self, root: Path, cache: Path | None = None) -> Arrays:
        """Return {"data_batch_1_images": (N, 3, 32, 32) bytes, "data_batch_1_labels": (N,), …}, verified.

        Unpacked batches go before the archive. What is in them is kept below `cache`; they are verified all the same.

        Raises:
            MissingFile: neither is below the data root.
            UserError: a file cannot be read, is not the published one, or does not hold images.
        """
        files = self._verified(root)
        origin = {name: self.checksums[name] for name in files}
        return cached_arrays(cache, "cifar10", origin, lambda: self._arrays(files))

    def _verified(self, root: Path) -> dict[str, bytes]:
        """Return {file: its bytes}, of all batches or of the archive."""
        folders = tuple(f"{folder}/{self.inside}" for folder in self.folders)
        try:
            paths = [find_file(root, folders, (name,), self.home) for name in self.batches]
        except MissingFile as missing:
            try:
                paths = [find_file(root, self.folders, (self.archive,), self.home)]
            except MissingFile as error:
                raise MissingFile(f"{error} Nor is it there unpacked: {missing}") from None
        return {path.name: read_verified(path, self.checksums[path.name], self.home) for path in paths}

    def _arrays(self, files: dict[str, bytes]) -> Arrays:
        batches = self._members(files[self.archive]) if self.archive in files else files
        arrays: dict[str, NDArray[Any]] = {}
        for name in self.batches:
            arrays[f"{name}_images"], arrays[f"{name}_labels"] = read_batch(batches.pop(name), name)
        return arrays

    def _members(self, archive: bytes) -> dict[str, bytes]:
        """Return the batches in the archive; nothing is written to disk."""
        wanted = {f"{self.inside}/{name}": name for name in self.batches}
        try:
            with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
                found = {
                    wanted[member.name]: content.read()
                    for member in opened
                    if member.name in wanted and (content := opened.extractfile(member)) is not None
                }
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise UserError(f"{self.archive} cannot be unpacked: {error}.") from None
        if lacking := [name for name in self.batches if name not in found]:
            raise UserError(f"{self.archive} does not hold {lacking[0]}.")
        return found


def read_batch(data: bytes, name: str) -> tuple[Images, Labels]:
    """Return the images and the labels of a batch; `name` is the file's, for the sentences.

    Raises:
        UserError: the file is not a batch of CIFAR-10.
    """
    batch = read_pickled(data, name)
    if not isinstance(batch, dict) or not {b"data", b"labels"} <= set(batch):
        raise UserError(f"{name} is not a batch of CIFAR-10: it has no data or no labels.")
    values, labels = bytes_array(batch[b"data"]), batch[b"labels"]
    if values is None:
        raise UserError(f"{name} is not a batch of CIFAR-10: its data are no array of bytes.")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < CLASSES for label in labels):
        raise UserError(f"{name} is not a batch of CIFAR-10: its labels are not whole numbers from 0 to {CLASSES - 1}.")
    if values.shape != (len(labels), CHANNELS * SIDE * SIDE) or not labels:
        raise UserError(
            f"{name} is not a batch of CIFAR-10: its data have the shape {values.shape}, with {len(labels)} labels."
        )
    return values.reshape(-1, CHANNELS, SIDE, SIDE), np.array(labels, np.int64)
