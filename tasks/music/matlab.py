"""MATLAB 5 files, so far as cells of matrices of numbers go: a reader that a damaged file can make refuse, no more."""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError

Element = tuple[int, memoryview]  # a type and its bytes

HEADER = 128  # bytes of text, version and byte order
LITTLE_ENDIAN = b"\x00\x01IM"  # version 1, written on a machine that puts the lowest byte first
LARGEST = 1 << 28  # bytes that a variable may unpack to
INT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 5, 6, 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
CELL, NUMERIC = 1, range(6, 16)  # classes of arrays: a list of arrays; doubles, singles, and whole numbers of any size
COMPLEX = 0x0800


def read_cells(data: bytes, name: str) -> dict[str, list[NDArray[Any]]]:
    """Return the cell arrays of a MATLAB 5 file by name, each the list of its matrices; `name` is the file's.

    Other variables are passed over, and no size that the file announces is believed before as many bytes are there.

    Raises:
        UserError: the file is damaged or of another kind, or a cell holds something other than a real matrix.
    """
    try:
        if len(data) < HEADER or data[HEADER - 4 : HEADER] != LITTLE_ENDIAN:
            raise ValueError("it has no such header")
        return dict(_variables(memoryview(data)[HEADER:]))
    except (ValueError, struct.error, zlib.error) as error:
        raise UserError(f"{name} cannot be read as a little-endian MATLAB 5 file: {error}.") from None


def _variables(data: memoryview) -> Iterator[tuple[str, list[NDArray[Any]]]]:
    for kind, content in _elements(data):
        if kind == COMPRESSED:
            kind, content = next(_elements(_unpacked(content)), (kind, content))
        if kind != MATRIX:
            raise ValueError(f"it holds an element of type {kind} where a variable must be")
        array, _, name, parts = _array(content)
        if array == CELL:
            yield name, [_matrix(*part) for part in parts]


def _elements(data: memoryview) -> Iterator[Element]:
    """Yield the elements that follow each other: a type, a size, the bytes, and what fills up eight."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        small = kind >> 16  # the size of up to four bytes that stand in the place of the size
        if small:
            kind, size, start, end = kind & 0xFFFF, small, at + 4, at + 8
        else:
            start = at + 8
            end = start + size + (0 if kind == COMPRESSED else -size % 8)
        if start + size > min(end, len(data)):
            raise ValueError(f"it announces {size} bytes where {max(0, len(data) - start)} are left")
        yield kind, data[start : start + size]
        at = end


def _unpacked(packed: memoryview) -> memoryview:
    stream = zlib.decompressobj()
    data = stream.decompress(packed, LARGEST)
    if not stream.eof:
        raise ValueError(f"a variable ends early, or unpacks to more than {LARGEST:,} bytes")
    return memoryview(data)


def _array(content: memoryview) -> tuple[int, tuple[int, ...], str, list[Element]]:
    """Return an array's class, sizes and name, and the elements that hold its values."""
    elements = list(_elements(content))
    if [kind for kind, _ in elements[:3]] != [UINT32, INT32, INT8] or len(elements[0][1]) != 8:
        raise ValueError("an array begins with something other than flags, sizes and a name")
    (_, flags), (_, sizes), (_, name), *parts = elements
    (word,) = struct.unpack_from("<I", flags)
    if word & COMPLEX:
        raise ValueError("it holds complex numbers")
    return word & 0xFF, struct.unpack(f"<{len(sizes) // 4}i", sizes), bytes(name).decode("latin-1"), parts


def _matrix(kind: int, content: memoryview) -> NDArray[Any]:
    """Return a matrix, in the type that it is stored in; first index fastest, as MATLAB has it."""
    if kind != MATRIX or not content:
        raise ValueError("a cell is empty")
    array, sizes, _, parts = _array(content)
    if array not in NUMERIC or len(parts) != 1 or parts[0][0] not in NUMBERS:
        raise ValueError("a cell holds something other than a matrix of numbers")
    values = np.frombuffer(parts[0][1], NUMBERS[parts[0][0]])
    if min(sizes, default=0) < 0 or math.prod(sizes) != len(values):
        raise ValueError(f"a matrix of {' x '.join(map(str, sizes))} holds {len(values)} numbers")
    return values.reshape(sizes, order="F")
