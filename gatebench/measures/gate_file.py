"""The file of gate arrays that is kept with a run: a compressed npz file without pickled objects.

Its arrays, for the splits "val" (validation, best epoch) and "test":

    SPLIT/steps                  the number of (step, example) pairs that count, a scalar
    SPLIT/lLAYER/GATE/STATISTIC  one array for each statistic of `UnitStatistics`, for example "val/l0/f/mean"
    gradient/lag, gradient/norm  (L,) each: the norm of ∂loss/∂h[t] at the lag T - t, if it was measured
    roles                        the roles of the gates, for example ["keep/f", "write/i"]

A file can come from anywhere, so `read` checks sizes, names, types and shapes before it uses any of it.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError

FILE_NAME = "gates.npz"

SPLITS = ("val", "test")

MOST_BYTES = 1 << 27
"""The largest size of all arrays of a file together, uncompressed."""

MOST_ARRAYS = 20_000

Array = NDArray[Any]

_STATISTIC_KEY = re.compile(r"(?P<split>val|test)/l(?P<layer>\d{1,3})/(?P<gate>[A-Za-z]\w{0,63})/(?P<statistic>[a-z]+)")
_OTHER_KEYS = re.compile(r"(val|test)/steps|gradient/(lag|norm)|roles")
_ROLE = re.compile(r"[a-z]+/(1-)?[A-Za-z]\w{0,63}")
_HEADER = re.compile(
    rb"\{'descr': '(?P<dtype>[<|][fiu][1248]|<U\d{1,3})', 'fortran_order': False, "
    rb"'shape': \((?P<shape>|\d{1,9},|\d{1,9}, \d{1,9})\), \} *\n"
)
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    OverflowError,
)


@dataclass(frozen=True)
class UnitStatistics:
    """The statistics of each unit of one gate. H counts the units of both directions.

    Attributes:
        mean: the mean, (H,).
        std: the standard deviation, (H,).
        change: the mean of |g[t] - g[t-1]|, (H,).
        histogram: the number of values in each bin, (H, bins).
        edges: the edges of the bins, (bins + 1,), ascending; the first can be -inf and the last inf.
        left: the share of values below 0.1, (H,); None for a gate whose values are not certain to lie in [0, 1].
        right: the share of values above 0.9, (H,), or None likewise.
        tau: the timescale in steps, (H,): -1 / ln(mean), or -1 / ln(1 - mean) if 1 minus the gate keeps. None for a
            gate that keeps nothing.
    """

    mean: Array
    std: Array
    change: Array
    histogram: Array
    edges: Array
    left: Array | None = None
    right: Array | None = None
    tau: Array | None = None


@dataclass(frozen=True)
class SplitStatistics:
    """The statistics of all gates on one split.

    Attributes:
        steps: the number of (step, example) pairs that count.
        gates: the statistics by (layer, gate).
    """

    steps: int
    gates: Mapping[tuple[int, str], UnitStatistics] = field(default_factory=dict)


@dataclass(frozen=True)
class GateFile:
    """The content of a file of gate arrays.

    Attributes:
        roles: the keys of the roles of the cell's gates, "keep/f", "keep/1-z".
        splits: the statistics by split, "val" and "test".
        lags: T - t, (L,), or None if the gradient was not measured.
        gradient_norms: the norm of ∂loss/∂h[t] at each lag, (L,), or None.
    """

    roles: tuple[str, ...] = ()
    splits: Mapping[str, SplitStatistics] = field(default_factory=dict)
    lags: Array | None = None
    gradient_norms: Array | None = None


_STATISTICS = tuple(one.name for one in fields(UnitStatistics))
_OPTIONAL = {"left", "right", "tau"}


def to_bytes(content: GateFile) -> bytes:
    """Return the file. The same content gives the same bytes."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {key: np.ascontiguousarray(array) for key, array in _arrays(content)}
    np.savez_compressed(
        buffer, **{key: array.reshape(()) if key.endswith("/steps") else array for key, array in arrays.items()}
    )
    return buffer.getvalue()


def read(data: bytes, name: str = FILE_NAME) -> GateFile:
    """Return the content of a file.

    Args:
        data: the file.
        name: its name, for messages.

    Raises:
        UserError: the file is cut short or damaged, is too large, or holds anything else than arrays of gates.
    """
    try:
        return _content(_read_arrays(data))
    except _DAMAGES as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{name} is not a complete file of gate arrays: {reason.rstrip('.')}.") from error


def _arrays(content: GateFile) -> Iterator[tuple[str, Array]]:
    """Yield every array of a file with its key."""
    yield "roles", np.array(content.roles, dtype=np.str_)
    for split, statistics in content.splits.items():
        yield f"{split}/steps", np.array(statistics.steps, dtype=np.int64)
        for (layer, gate), units in statistics.gates.items():
            for statistic in _STATISTICS:
                if (array := getattr(units, statistic)) is not None:
                    yield f"{split}/l{layer}/{gate}/{statistic}", array
    for key, array in (("lag", content.lags), ("norm", content.gradient_norms)):
        if array is not None:
            yield f"gradient/{key}", array


def _read_arrays(data: bytes) -> dict[str, Array]:
    """Return the arrays by key. Nothing is decompressed before the sizes in the directory are checked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ARRAYS:
            raise ValueError(f"it holds {len(entries)} arrays, more than {MOST_ARRAYS}")
        if (total := sum(entry.file_size for entry in entries)) > MOST_BYTES:
            raise ValueError(f"its arrays have {total} bytes, more than {MOST_BYTES}")
        if len({entry.filename for entry in entries}) != len(entries):
            raise ValueError("it holds two arrays of one name")
        return {_key(entry.filename): _read_array(archive, entry) for entry in entries}


def _key(file_name: str) -> str:
    key = file_name.removesuffix(".npy")
    match = _STATISTIC_KEY.fullmatch(key)
    known = match["statistic"] in _STATISTICS if match else _OTHER_KEYS.fullmatch(key)
    if not known or key == file_name:
        raise ValueError(f"it holds {file_name[:80]!r}, which is no array of gates")
    return key


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Array:
    """Return one array of an archive.

    The header is matched as text and not evaluated. Only numbers and text of fixed width pass, so nothing is unpickled.
    """
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{entry.filename} is compressed by an unknown method")
    with archive.open(entry) as stream:
        raw = stream.read(entry.file_size + 1)  # one more than there is, so that the checksum is compared
    if len(raw) != entry.file_size or raw[:8] != b"\x93NUMPY\x01\x00":
        raise ValueError(f"{entry.filename} is no array")
    start = 10 + int.from_bytes(raw[8:10], "little")
    header = _HEADER.fullmatch(raw[10:start])
    if header is None:
        raise ValueError(f"{entry.filename} is no array of numbers or text with at most 2 dimensions")
    dtype = np.dtype(header["dtype"].decode())
    shape = tuple(int(size) for size in header["shape"].decode().split(",") if size.strip())
    count = int(np.prod(shape, dtype=object))
    if dtype.itemsize == 0 or count * dtype.itemsize != len(raw) - start:
        raise ValueError(f"{entry.filename} has another size than its shape {shape}")
    return np.frombuffer(raw, dtype, count, start).reshape(shape)


def _content(arrays: Mapping[str, Array]) -> GateFile:
    """Return the content that the arrays describe.

    Raises:
        ValueError: an array is missing, or has a wrong type or shape.
    """
    roles = tuple(str(role) for role in _checked(arrays, "roles", "U", 1))
    if wrong := [role for role in roles if not _ROLE.fullmatch(role)]:
        raise ValueError(f"{wrong[0][:80]!r} is no role of a gate")
    splits = {split: _split(arrays, split) for split in SPLITS if any(key.startswith(f"{split}/") for key in arrays)}
    if not any(key.startswith("gradient/") for key in arrays):
        return GateFile(roles, splits)
    lags, norms = _checked(arrays, "gradient/lag", "iu", 1), _checked(arrays, "gradient/norm", "f", 1)
    _check_shapes("gradient/norm", norms, lags.shape)
    return GateFile(roles, splits, lags, norms)


def _split(arrays: Mapping[str, Array], split: str) -> SplitStatistics:
    steps = int(_checked(arrays, f"{split}/steps", "iu", 0))
    matches = [match for key in arrays if (match := _STATISTIC_KEY.fullmatch(key)) and match["split"] == split]
    gates = dict.fromkeys((int(match["layer"]), match["gate"]) for match in matches)
    return SplitStatistics(
        steps, {(layer, gate): _unit_statistics(arrays, f"{split}/l{layer}/{gate}") for layer, gate in gates}
    )


def _unit_statistics(arrays: Mapping[str, Array], prefix: str) -> UnitStatistics:
    """Return the statistics of the gate whose arrays have the keys prefix/STATISTIC."""
    found: dict[str, Array] = {}
    for statistic in _STATISTICS:
        key = f"{prefix}/{statistic}"
        if statistic not in _OPTIONAL or key in arrays:
            histogram = statistic == "histogram"
            found[statistic] = _checked(arrays, key, "iu" if histogram else "f", 1 + histogram)
    units, edges = found["mean"].shape, found["edges"]
    for statistic, array in found.items():
        if statistic != "edges":
            bins = (len(edges) - 1,) if statistic == "histogram" else ()
            _check_shapes(f"{prefix}/{statistic}", array, units + bins)
    if not (edges[1:] > edges[:-1]).all():
        raise ValueError(f"the edges of {prefix} do not ascend")
    return UnitStatistics(**found)


def _checked(arrays: Mapping[str, Array], key: str, kinds: Iterable[str], dimensions: int) -> Array:
    """Return an array whose type is one of numpy's `kinds` and that has this number of dimensions."""
    if key not in arrays:
        raise ValueError(f"it has no array {key}")
    array = arrays[key]
    if array.dtype.kind not in kinds or array.ndim != dimensions:
        raise ValueError(f"{key} has the type {array.dtype} and {array.ndim} dimensions")
    return array


def _check_shapes(key: str, array: Array, expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise ValueError(f"{key} has the shape {array.shape} instead of {expected}")
