"""The pickles of CIFAR-10, read by a restricted unpickler that creates only plain values.

A pickle is a program: `pickle.load` imports and calls the functions that the file names. Here each allowed name is
replaced by a function of this module and all other names are refused, so the file cannot run code. The functions of
NumPy are not called either: `PickledArray` stores the description of an array, and `bytes_array` checks it.

This is written by hand, by the method that the documentation of `pickle` recommends ("Restricting Globals"), because
`pickle.load` would trust the file.
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

DAMAGE_ERRORS = (
    *(pickle.UnpicklingError, EOFError, ValueError, OverflowError, TypeError, LookupError, AttributeError, ImportError),
    *(RecursionError, MemoryError, struct.error),
)
"""The exceptions that the unpickler raises for bytes that are not a pickle of plain values."""


@dataclass
class PickledArray:
    """A NumPy array as a pickle describes it.

    Attributes:
        state: (version, shape, type, whether the order is column-major, bytes); None until the pickle sets it.
    """

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


@dataclass
class PickledType:
    """A NumPy type as a pickle describes it.

    Attributes:
        code: the code of the type, for example b"u1" for unsigned bytes.
    """

    code: Any

    def __setstate__(self, state: Any) -> None:
        del state  # the byte order, which a byte does not have


def _array(kind: Any, shape: Any, code: Any) -> PickledArray:
    """Replace NumPy's `_reconstruct`, which creates an empty array."""
    if (kind, shape, code) != ("ndarray", (0,), b"b"):
        raise pickle.UnpicklingError("it makes an array in an unusual way")
    return PickledArray()


def _type(code: Any, align: Any, copy: Any) -> PickledType:
    """Replace NumPy's `dtype`."""
    del align, copy
    return PickledType(code)


REPLACEMENTS: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _array,
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _type,
}
"""{(module, name) in a pickle of CIFAR-10: its replacement}. Every other name is refused."""


# The implementation in Python stores its memo in a dictionary. The one in C allocates an array whose size is a number
# in the file.
class _PlainUnpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in REPLACEMENTS:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which plain data do not need")
        return REPLACEMENTS[module, name]


def read_pickled(data: bytes, name: str) -> Any:
    """Return the value that a pickle describes, with a `PickledArray` for each array.

    Args:
        data: the bytes of the file.
        name: the file's name, for the message.

    Raises:
        UserError: the bytes are not a pickle, end too early, or name anything other than a NumPy array.
    """
    try:
        return _PlainUnpickler(io.BytesIO(data), encoding="bytes").load()
    except DAMAGE_ERRORS as error:
        reason = (str(error) or type(error).__name__).partition("\n")[0].rstrip(".,")
        raise UserError(f"{name} is not a whole pickle of plain data: {reason}.") from None


def bytes_array(value: Any) -> NDArray[np.uint8] | None:
    """Return the array of unsigned bytes that a pickle describes; None if the value is anything else."""
    if not isinstance(value, PickledArray):
        return None
    match value.state:
        case (1, tuple(shape), PickledType(code=b"u1"), fortran, bytes(content)):
            if all(type(size) is int and size >= 0 for size in shape) and prod(shape) == len(content):
                return np.frombuffer(content, np.uint8).reshape(shape, order="F" if fortran else "C")
    return None
