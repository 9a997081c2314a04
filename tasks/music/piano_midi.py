"""Next-frame prediction of classical piano music."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gatebench.task import Size
from tasks.music.jsb_chorales import PROTOCOL, JsbChorales
from tasks.music.piano_rolls import KEYS, RollFile


@dataclass(frozen=True)
class PianoMidi(JsbChorales):
    """Piano pieces as piano rolls, with a mean of 870 frames and at most 3,857; see `JsbChorales` for the parameter."""

    title = "Piano-midi.de, next frame"
    protocol = f"87 / 12 / 25 pieces, {PROTOCOL}"
    rolls: ClassVar[RollFile] = RollFile("piano_midi", "Piano_midi.mat", Size(87, 3856, KEYS))
