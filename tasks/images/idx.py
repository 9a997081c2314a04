"""The idx format of MNIST and its family: a magic number, the sizes, the bytes."""

import gzip
import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08


def read_idx(data: bytes, ndim: int, name: str) -> NDArray[np.uint8]:
    """Return the unsigned bytes of an idx file, packed with gzip or not, as a read-only array of `ndim` dimensions.

    The file is two zero bytes, the type, the number of dimensions, each dimension's size as a big-endian 32-bit number,
    and one byte a value, the last dimension fastest. Sizes are believed only when the file holds as many bytes as they
    announce, so no header makes this allocate. `name` is the file's, for the sentences.

    Raises:
        UserError: the gzip stream is broken, the magic number is another, or the sizes and the bytes disagree.
    """
    data = _unpacked(data, name)
    magic, start = bytes((0, 0, UNSIGNED_BYTE, ndim)), 4 + 4 * ndim
    if data[:4] != magic:
        raise UserError(
            f"{name} is not an idx file of unsigned bytes in {ndim} dimensions: "
            f"it begins with {data[:4].hex(' ') or 'nothing'}, not with {magic.hex(' ')}."
        )
    if len(data) < start:
        raise UserError(f"{name} ends within its header: it has {len(data)} of {start} bytes.")
    shape = struct.unpack(f">{ndim}I", data[4:start])
    if math.prod(shape) != len(data) - start or 0 in shape:
        sizes = " x ".join(map(str, shape))
        raise UserError(f"{name} announces {sizes} values, of which there must be some, and holds {len(data) - start}.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _unpacked(data: bytes, name: str) -> bytes:
    if not data.startswith(GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{name} cannot be unpacked: {error}.") from None
