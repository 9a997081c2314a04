"""The idx format of MNIST: a magic number, the sizes of the dimensions, and the values.

This is written by hand because torchvision, which also reads these files, would be one more dependency for a format of
two fields, and compares checksums only when it downloads a file.
"""

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
    """Return the values of an idx file of unsigned bytes as a read-only array.

    The file consists of two zero bytes, the type, the number of dimensions, the size of each dimension as a big-endian
    32-bit number, and one byte for each value, in row-major order. No memory is allocated for the sizes that the header
    states before they have been compared with the number of bytes.

    Args:
        data: the bytes of the file, which may be compressed with gzip.
        ndim: the number of dimensions that the file must have.
        name: the name of the file, for the messages.

    Raises:
        UserError: the gzip stream is damaged, the magic number is another, or the sizes do not match the bytes.
    """
    data = _decompress(data, name)
    magic = bytes((0, 0, UNSIGNED_BYTE, ndim))
    start = 4 + 4 * ndim
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
        raise UserError(
            f"{name} announces {sizes} values, and holds {len(data) - start}; both must be the same number above 0."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _decompress(data: bytes, name: str) -> bytes:
    if not data.startswith(GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{name} cannot be unpacked: {error}.") from None
