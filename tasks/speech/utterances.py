"""Which recordings are learnt from, which are tested on, and as what; and how they sound. S samples."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random

import numpy as np

from gatebench.errors import UserError
from tasks.blocks.shuffling import permutation
from tasks.speech.noise import Background, Waves
from tasks.speech.recordings import Recordings
from tasks.speech.speakers import PARTS
from tasks.speech.wav import RATE, one_second, read_wav, to_floats

SILENCE = "_silence_"
UNKNOWN = "_unknown_"
PERCENT = 10  # of the clips of the wanted words, for silence and as much for unknown words


@dataclass(frozen=True)
class Labels:
    """The classes: the wanted words, and before them silence and unknown words where they are wanted too."""

    words: tuple[str, ...]
    unknown: bool = False
    silence: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names, in the order of the official code."""
        return (SILENCE,) * self.silence + (UNKNOWN,) * self.unknown + self.words


def label_clips(
    clips: Sequence[str], part_of: Callable[[str], str], labels: Labels, seed: int
) -> dict[str, dict[str, int]]:
    """Return {part: {name: class}}, each part in an order that the seed fixes.

    As in the official code, each part has a tenth as many unknown words as wanted ones, drawn from all other words, and
    a tenth as many silences, which are named after their part and a number.

    Raises:
        UserError: a part has no clip.
    """
    by_part: dict[str, list[str]] = {part: [] for part in PARTS}
    for clip in clips:
        by_part[part_of(clip)].append(clip)
    found = {part: _label(part, members, labels, seed) for part, members in by_part.items()}
    for part, members in found.items():
        if not members:
            raise UserError(f"The recordings of {', '.join(labels.words)} have none for {part}.")
    return found


def _label(part: str, clips: Sequence[str], labels: Labels, seed: int) -> dict[str, int]:
    place = {name: label for label, name in enumerate(labels.classes)}
    wanted = {clip: place[word] for clip in clips if (word := clip.partition("/")[0]) in labels.words}
    count = ceil(len(wanted) * PERCENT / 100)
    found = dict(wanted)
    if labels.unknown:
        others = [clip for clip in clips if clip not in wanted]
        found |= {others[i]: place[UNKNOWN] for i in permutation(len(others), seed)[:count]}
    if labels.silence:
        found |= {f"{SILENCE}/{part}/{i}": place[SILENCE] for i in range(count)}
    names = list(found)
    return {names[i]: found[names[i]] for i in permutation(len(names), seed)}


class Backgrounds:
    """Background noise by part; it is read when it is first asked for.

    Args:
        recordings: those of the release.
        seed: of every draw.
    """

    def __init__(self, recordings: Recordings, seed: int) -> None:
        self._recordings, self._seed = recordings, seed
        self._parts: dict[str, Background] = {}

    def section(self, part: str, key: str) -> Waves:
        """Return a second of noise (S,) out of a part's stretches, which the seed and the key determine."""
        if part not in self._parts:
            waves = [to_floats(read_wav(content, name)) for name, content in self._recordings.noise.items()]
            self._parts[part] = Background(waves, part, RATE)
        return self._parts[part].section(f"{self._seed}/{key}")

    def mixed(self, part: str, key: str, wave: Waves, loudest: float) -> Waves:
        """Return the wave (S,) with noise at a volume drawn from 0 to `loudest`, clipped to [-1, 1]."""
        volume = loudest * Random(f"{self._seed}/{key}/volume").random()
        return (wave + np.float32(volume) * self.section(part, key)).clip(-1, 1)


def waves_of(
    recordings: Recordings, parts: Mapping[str, Mapping[str, int]], backgrounds: Backgrounds
) -> Iterator[tuple[str, str, Waves, int]]:
    """Yield (part, name, wave (S,), how many of its samples were recorded) of every example, in no certain order.

    Raises:
        UserError: a recording cannot be read, or there is none of background noise to make silence of.
    """
    part_of = {name: part for part, names in parts.items() for name in names}
    clips = frozenset(name for name in part_of if not is_silence(name))
    for name, content in recordings.read(clips):
        samples = read_wav(content, name)
        yield part_of[name], name, one_second(samples), min(len(samples), RATE)
    for name in sorted(part_of.keys() - clips):
        yield part_of[name], name, backgrounds.mixed(part_of[name], name, np.zeros(RATE, np.float32), 1.0), RATE


def is_silence(name: str) -> bool:
    """Return whether an example is a silence and no clip."""
    return name.startswith(f"{SILENCE}/")
