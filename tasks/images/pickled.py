"""CIFAR-10's pickles, read by an unpickler that can make nothing but plain values.

A pickle is a program: the ordinary unpickler imports and calls what the program names. Here every name stands for an
inert value of this module, so nothing is imported, and no code of the file's choice runs. NumPy's own functions are not
called either: `PickledArray` keeps what the file says about an array, and `bytes_array` checks it.
"""

import io
import pickle
import struct
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError

BROKEN = (
    *(pickle.UnpicklingError, EOFError, ValueError, OverflowError, TypeError, LookupError, AttributeError, ImportError),
    *(RecursionError, struct.error),
)
"""What the unpickler raises for bytes that are no pickle of plain values."""


@dataclass
class PickledArray:
    """A NumPy array as a pickle describes it.

    Attributes:
        state: (version, shape, type, whether in Fortran's order, bytes), or None before the pickle gives it.
    """

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


@dataclass
class PickledType:
    """A NumPy type as a pickle describes it.

    Attributes:
        code: its code, for example b"u1" for bytes.
    """

    code: Any

    def __setstate__(self, state: Any) -> None:
        del state  # the byte order, which a byte does not have


def _array(kind: Any, shape: Any, code: Any) -> PickledArray:
    """Stand in for numpy's `_reconstruct`, which makes an empty array of a kind."""
    if (kind, shape, code) != ("ndarray", (0,), b"b"):
        raise pickle.UnpicklingError("it makes an array in an unusual way")
    return PickledArray()


def _type(code: Any, align: Any, copy: Any) -> PickledType:
    """Stand in for numpy's `dtype`."""
    del align, copy
    return PickledType(code)


STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _array,
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _type,
}
"""What the names in a pickle of CIFAR-10 stand for. Every other name is refused."""


# The implementation in Python keeps its memo in a dictionary. That in C allocates as much as a number in the file says.
class _PlainUnpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in STAND_INS:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which plain data do not need")
        return STAND_INS[module, name]


def read_pickled(data: bytes, name: str) -> Any:
    """Return the value that a pickle describes, with a `PickledArray` for each array.

    Args:
        data: the bytes of the file.
        name: the file's name, for the message.

    Raises:
        UserError: the bytes are no pickle, end too early, or name something other than an array of NumPy.
    """
    try:
        return _PlainUnpickler(io.BytesIO(data), encoding="bytes").load()
    except BROKEN as error:
        reason = (str(error) or type(error).__name__).partition("\n")[0].rstrip(".,")
        raise UserError(f"{name} is not a whole pickle of plain data: {reason}.") from None


def bytes_array(value: Any) -> NDArray[np.uint8] | None:
    """Return the array of bytes that a pickle describes; None if the value is anything else."""
    if not isinstance(value, PickledArray):
        return None
    match value.state:
        case (1, tuple(shape), PickledType(code=b"u1"), fortran, bytes(content)):
            if all(type(size) is int and size >= 0 for size in shape) and prod(shape) == len(content):
                return np.frombuffer(content, np.uint8).reshape(shape, order="F" if fortran else "C")
    return None
