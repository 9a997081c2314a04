"""The official Python version of CIFAR-10: 32x32 colour images in six pickled batches, in a tar archive or unpacked.

`torchvision.datasets.CIFAR10` is not used, because it reads the batches with `pickle.load`, which can run code from the
file; see `tasks.images.pickled`.
"""

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
    """The archive of CIFAR-10 and its batches.

    Attributes:
        source_url: address of the folder in which the archive is published.
        folders: folders below the data root in which the archive or its content is searched.
        archive: file name of the archive.
        batch_folder: folder in the archive that contains the batches.
        checksums: {file: SHA-256 in hex digits} of the archive and of each batch.
    """

    source_url: str
    folders: tuple[str, ...]
    archive: str
    batch_folder: str
    checksums: Mapping[str, str]

    @property
    def batches(self) -> tuple[str, ...]:
        """The names of the batches."""
        return tuple(name for name in self.checksums if name != self.archive)

    def read(self, root: Path, cache: Path | None = None) -> Arrays:
        """Return {"data_batch_1_images": (N, 3, 32, 32) bytes, "data_batch_1_labels": (N,), …}.

        Unpacked batches are preferred to the archive. The files are verified at every call, even if the arrays come
        from the cache.

        Args:
            root: the data root.
            cache: a folder in which the arrays are kept; None for no cache.

        Raises:
            MissingFile: neither the batches nor the archive are below the data root.
            UserError: a file cannot be read, is not the published one, or does not hold images.
        """
        files = {
            path.name: read_verified(path, self.checksums[path.name], self.source_url) for path in self.paths(root)
        }
        origin = {name: self.checksums[name] for name in files}
        return cached_arrays(cache, "cifar10", origin, lambda: self._arrays(files))

    def paths(self, root: Path) -> list[Path]:
        """Return the paths of all batches, or of the archive.

        Raises:
            MissingFile: neither the batches nor the archive are below the data root.
        """
        folders = tuple(f"{folder}/{self.batch_folder}" for folder in self.folders)
        try:
            return [find_file(root, folders, (name,), self.source_url) for name in self.batches]
        except MissingFile as missing:
            try:
                return [find_file(root, self.folders, (self.archive,), self.source_url, dataset="cifar10")]
            except MissingFile as error:
                packed = str(error)
                raise MissingFile(f"{str(missing).partition(';')[0]}, and {packed[:1].lower()}{packed[1:]}") from None

    def _arrays(self, files: dict[str, bytes]) -> Arrays:
        batches = self._members(files[self.archive]) if self.archive in files else files
        arrays: dict[str, NDArray[Any]] = {}
        for name in self.batches:
            arrays[f"{name}_images"], arrays[f"{name}_labels"] = read_batch(batches.pop(name), name)
        return arrays

    def _members(self, archive: bytes) -> dict[str, bytes]:
        """Return {batch: its bytes} of the archive; nothing is written to disk."""
        wanted = {f"{self.batch_folder}/{name}": name for name in self.batches}
        try:
            with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
                found = {}
                for member in opened:
                    content = opened.extractfile(member) if member.name in wanted else None
                    if content is not None:  # it is a regular file
                        found[wanted[member.name]] = content.read()
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise UserError(f"{self.archive} cannot be unpacked: {error}.") from None
        missing = [name for name in self.batches if name not in found]
        if missing:
            raise UserError(f"{self.archive} does not hold {missing[0]}.")
        return found


def read_batch(data: bytes, name: str) -> tuple[Images, Labels]:
    """Return the images and the labels of a batch.

    Args:
        data: the bytes of the file.
        name: the name of the file, for the messages.

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
