"""Next-frame prediction of classical orchestral and piano music from the MuseData library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tasks.music.jsb_chorales import PROTOCOL, JsbChorales
from tasks.music.piano_rolls import RollFile


@dataclass(frozen=True)
class MuseData(JsbChorales):
    """Classical pieces as piano rolls. Many pieces have thousands of frames. See `JsbChorales` for the parameter."""

    title = "MuseData, next frame"
    protocol = f"524 / 135 / 124 pieces, {PROTOCOL}"
    rolls: ClassVar[RollFile] = RollFile("muse_data", "MuseData.mat")
