"""Piano rolls in small: MATLAB files in the official layout, written by SciPy, with made-up pieces."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from tasks.music import piano_rolls
from tests.tasks.published import publish

COUNTS = {"traindata": 40, "validdata": 10, "testdata": 30}
Pieces = Mapping[str, Sequence[NDArray[Any]]]


def small_pieces() -> dict[str, list[NDArray[np.uint8]]]:
    """Return pieces of 4 to 20 frames in which a third of the keys are in use, and chords tend to stay."""
    rng = np.random.default_rng(0)
    chords = (rng.random((6, 88)) < 0.1) & (rng.random(88) < 0.35)
    return {part: [_piece(rng, chords) for _ in range(count)] for part, count in COUNTS.items()}


def _piece(rng: np.random.Generator, chords: NDArray[np.bool_]) -> NDArray[np.uint8]:
    changes = rng.random(rng.integers(4, 21)) < 0.4
    steady = chords[np.cumsum(changes) % len(chords)]
    piece: NDArray[np.uint8] = (steady ^ (rng.random(steady.shape) < 0.01)).astype(np.uint8)
    return piece


def mat_bytes(pieces: Pieces, compressed: bool = True) -> bytes:
    """Return a MATLAB 5 file with a cell array a part."""
    return saved({part: cells(*rolls) for part, rolls in pieces.items()}, do_compression=compressed)


def cells(*values: object) -> NDArray[np.object_]:
    """Return the values as what SciPy saves as a cell array."""
    made = np.empty((1, len(values)), object)
    for place, value in enumerate(values):
        made[0, place] = value
    return made


def saved(variables: Mapping[str, object], **options: Any) -> bytes:
    """Return what SciPy saves as a MATLAB file."""
    buffer: Any = io.BytesIO()
    savemat(buffer, dict(variables), **options)
    data: bytes = buffer.getvalue()
    return data


def write_mat(root: Path, patch: pytest.MonkeyPatch, file: str, data: bytes, folder: str = "polymusic") -> Path:
    """Write a file, have its checksum expected, and return its path."""
    return publish(root / folder / file, data, piano_rolls.CHECKSUMS, patch)


def write_small_music(root: Path, patch: pytest.MonkeyPatch) -> dict[str, list[NDArray[np.uint8]]]:
    """Write the small pieces under every official name, and return them."""
    pieces = small_pieces()
    for file in piano_rolls.CHECKSUMS:
        write_mat(root, patch, file, mat_bytes(pieces))
    return pieces
