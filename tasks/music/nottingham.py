"""Next-frame prediction of British and American folk tunes with chords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tasks.music.jsb_chorales import PROTOCOL, JsbChorales
from tasks.music.piano_rolls import RollFile


@dataclass(frozen=True)
class Nottingham(JsbChorales):
    """Folk tunes as piano rolls; see `JsbChorales` for the parameter."""

    title = "Nottingham, next frame"
    protocol = f"694 / 173 / 170 tunes, {PROTOCOL}"
    rolls: ClassVar[RollFile] = RollFile("nottingham", "Nottingham.mat")
