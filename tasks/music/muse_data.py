"""Next-frame prediction of orchestral and piano classics from the MuseData library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tasks.music.jsb_chorales import FOLLOWED, JsbChorales
from tasks.music.piano_rolls import RollFile


@dataclass(frozen=True)
class MuseData(JsbChorales):
    """Classical pieces as piano rolls, many of them thousands of frames long; see `JsbChorales`."""

    title = "MuseData, next frame"
    protocol = f"524 / 135 / 124 pieces, {FOLLOWED}"
    rolls: ClassVar[RollFile] = RollFile("MuseData.mat")
