"""The examples of Speech Commands: their part, their class and their sound. S samples."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random

import numpy as np

from gatebench.errors import UserError
from tasks.blocks.shuffling import permutation
from tasks.speech.noise import NoiseSections, Waves
from tasks.speech.recordings import Recordings
from tasks.speech.speakers import PARTS
from tasks.speech.wav import RATE, one_second, read_wav, to_floats

SILENCE = "_silence_"
UNKNOWN = "_unknown_"
PERCENT = 10  # the number of silences, and of unknown words, relative to the clips of the target words


@dataclass(frozen=True)
class Labels:
    """The classes of a task.

    Attributes:
        words: the target words. Each is a class.
        unknown: whether there is a class for other words.
        silence: whether there is a class for background noise.
    """

    words: tuple[str, ...]
    unknown: bool = False
    silence: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the official code."""
        return (SILENCE,) * self.silence + (UNKNOWN,) * self.unknown + self.words


def label_clips(
    clips: Sequence[str], part_of: Callable[[str], str], labels: Labels, seed: int
) -> dict[str, dict[str, int]]:
    """Return the class of each example by part and name. The seed gives the order of the examples in a part.

    As in the official code, a part has a tenth as many unknown words as clips of target words, drawn from all other
    words, and equally many silences. A silence is named by its part and a number.

    Args:
        clips: the names of all clips.
        part_of: returns the part of a clip.
        labels: the classes.
        seed: of the draw of the unknown words, and of the order.

    Raises:
        UserError: a part has no clip.
    """
    by_part: dict[str, list[str]] = {part: [] for part in PARTS}
    for clip in clips:
        by_part[part_of(clip)].append(clip)
    labelled = {part: _label(part, part_clips, labels, seed) for part, part_clips in by_part.items()}
    for part, examples in labelled.items():
        if not examples:
            raise UserError(f"The recordings of {', '.join(labels.words)} have none for {part}.")
    return labelled


def _label(part: str, clips: Sequence[str], labels: Labels, seed: int) -> dict[str, int]:
    """Return the class of each example of a part, by name."""
    class_of = {name: number for number, name in enumerate(labels.classes)}
    targets = {clip: class_of[word] for clip in clips if (word := clip.partition("/")[0]) in labels.words}
    count = ceil(len(targets) * PERCENT / 100)
    examples = dict(targets)
    if labels.unknown:
        others = [clip for clip in clips if clip not in targets]
        examples |= {others[i]: class_of[UNKNOWN] for i in permutation(len(others), seed)[:count]}
    if labels.silence:
        examples |= {f"{SILENCE}/{part}/{i}": class_of[SILENCE] for i in range(count)}
    names = list(examples)
    return {names[i]: examples[names[i]] for i in permutation(len(names), seed)}


class BackgroundNoise:
    """The background noise of a release, by part. The recordings are decoded when noise is first needed.

    Args:
        recordings: the recordings of the release.
        seed: the seed of all draws.
    """

    def __init__(self, recordings: Recordings, seed: int) -> None:
        self._recordings, self._seed = recordings, seed
        self._parts: dict[str, NoiseSections] = {}

    def section(self, part: str, key: str) -> Waves:
        """Return a random second of noise (S,) for a part. It depends on the seed and the key only."""
        if part not in self._parts:
            waves = [to_floats(read_wav(content, name)) for name, content in self._recordings.noise.items()]
            self._parts[part] = NoiseSections(waves, part, RATE)
        return self._parts[part].section(f"{self._seed}/{key}")

    def mix(self, part: str, key: str, wave: Waves, max_volume: float) -> Waves:
        """Return the wave (S,) with noise at a random volume from 0 to `max_volume`, clipped to [-1, 1]."""
        volume = max_volume * Random(f"{self._seed}/{key}/volume").random()
        return (wave + np.float32(volume) * self.section(part, key)).clip(-1, 1)


def waves_of(
    recordings: Recordings, parts: Mapping[str, Mapping[str, int]], noise: BackgroundNoise
) -> Iterator[tuple[str, str, Waves, int]]:
    """Yield the part, the name, the wave (S,) and the number of recorded samples of every example, in any order.

    Raises:
        UserError: a recording cannot be read, or there is no background noise for a silence.
    """
    part_of = {name: part for part, names in parts.items() for name in names}
    clips = frozenset(name for name in part_of if not is_silence(name))
    for name, content in recordings.read(clips):
        samples = read_wav(content, name)
        yield part_of[name], name, one_second(samples), min(len(samples), RATE)
    for name in sorted(part_of.keys() - clips):
        yield part_of[name], name, noise.mix(part_of[name], name, np.zeros(RATE, np.float32), 1.0), RATE


def is_silence(name: str) -> bool:
    """Return whether an example is a silence and not a clip."""
    return name.startswith(f"{SILENCE}/")
