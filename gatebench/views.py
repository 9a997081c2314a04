"""How one example of a task is shown to people: as words, a picture, a spectrogram, curves or a piano roll.

A view is plain data, which a terminal or a page draws. T steps, one entry of a view for each. This module imports no
torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Words:
    """A text or a sequence of symbols.

    Attributes:
        words: (T,) the word or symbol of each step.
    """

    words: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """An image that is read in parts. R rows, C columns, P pixels a step.

    Attributes:
        pixels: (R, C) grey values or (R, C, 3) colours, from 0 to 1.
        places: (T, P) the pixels that each step reads, as row · C + column.
    """

    pixels: NDArray[Any]
    places: NDArray[Any]


@dataclass(frozen=True)
class Spectrogram:
    """Frames of sound. F features.

    Attributes:
        values: (T, F) the features, low frequencies first.
        seconds: the time from one frame to the next, in seconds.
    """

    values: NDArray[Any]
    seconds: float


@dataclass(frozen=True)
class Curves:
    """Measurements over time. C columns.

    Attributes:
        values: (T, C).
        names: (C,) the names of the columns.
    """

    values: NDArray[Any]
    names: tuple[str, ...]


@dataclass(frozen=True)
class PianoRoll:
    """The keys of a piano that sound in each frame. K keys.

    Attributes:
        sounds: (T, K) whether a key sounds, low keys first.
        lowest: the MIDI number of the first key.
    """

    sounds: NDArray[Any]
    lowest: int


View = Words | Picture | Spectrogram | Curves | PianoRoll
"""One of the kinds of views."""


def plain_view(inputs: NDArray[Any]) -> View:
    """Return the view of an example of which nothing is known but its numbers.

    Args:
        inputs: token numbers (T,), which are shown as words, or values (T, I), which are shown as curves.
    """
    if inputs.ndim == 1:
        return Words(tuple(map(str, inputs.tolist())))
    return Curves(inputs, tuple(f"input {number}" for number in range(inputs.shape[1])))
