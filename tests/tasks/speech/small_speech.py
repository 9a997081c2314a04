"""A small Speech Commands in every layout. Each word is a tone of its own frequency, with noise."""

import hashlib
import io
import itertools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tasks.speech import speech_releases
from tasks.speech.speakers import hashed_part, is_held_out
from tasks.speech.speech_releases import COMMANDS, WORDS
from tests.tasks.data.archives import tar_bytes

SAMPLES = 4000  # a quarter of a second, for small archives
CLIPS = {"training": 30, "validation": 10, "testing": 12}  # per word
SUBSET_CLIPS = {"training": 50, "validation": 22}
NOISES = ("hum", "rain")
Files = dict[str, bytes]


def wav_bytes(samples: NDArray[np.int16], rate: int = 16_000, kind: str = "WAV", subtype: str = "PCM_16") -> bytes:
    """Return samples (N,) or (N, channels) as a sound file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, subtype, format=kind)
    return buffer.getvalue()


def speakers(part: str, count: int) -> list[str]:
    """Return speakers of a part by the official hash. A fifth of the training speakers are held out by seed 0."""
    names = (sha256(str(i).encode())[:8] for i in itertools.count())
    found = (name for name in names if hashed_part(f"{name}_nohash_0.wav") == part)
    held_out: list[str] = []
    others: list[str] = []
    wanted = count // 5 if part == "training" else 0
    while len(held_out) < wanted or len(others) < count - wanted:
        name = next(found)
        group = held_out if wanted and is_held_out(f"{name}_nohash_0.wav", 0) else others
        group.append(name)
    return held_out[:wanted] + others[: count - wanted]


def small_clips(words: Iterable[str], parts: Mapping[str, int] = CLIPS) -> Files:
    """Return {"word/speaker_nohash_n.wav": bytes} with the numbers of clips of each word in `parts`, two by a speaker.

    One clip in ten has the tone of a random word.
    """
    rng, clips, words = np.random.default_rng(0), {}, sorted(words)
    time = np.arange(SAMPLES) / 16_000
    for number, word in enumerate(words):
        for part, count in parts.items():
            for i, name in enumerate(speakers(part, count // 2) * 2):
                tone_number = number if rng.random() < 0.9 else rng.integers(len(words))
                tone = np.sin(2 * np.pi * 200 * 1.25**tone_number * time + rng.random())
                sound = 2000 * tone + 1500 * rng.standard_normal(SAMPLES)
                clips[f"{word}/{name}_nohash_{i >= count // 2:d}.wav"] = wav_bytes(sound.astype(np.int16))
    return clips


def small_lists(clips: Collection[str]) -> Files:
    """Return the two official lists for these clips."""
    parts = {"validation_list.txt": "validation", "testing_list.txt": "testing"}
    return {
        file: "".join(f"{name}\n" for name in clips if hashed_part(name) == part).encode()
        for file, part in parts.items()
    }


def small_noise(seconds: int = 10) -> Files:
    """Return two recordings of noise."""
    rng = np.random.default_rng(1)
    sounds = {name: rng.normal(0, 3000, seconds * 16_000).astype(np.int16) for name in NOISES}
    return {f"_background_noise_/{name}.wav": wav_bytes(sound) for name, sound in sounds.items()}


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def write_small_subset(
    root: Path,
    patch: pytest.MonkeyPatch,
    words: Iterable[str] = WORDS["v0.01_subset"],
    parts: Mapping[str, int] = SUBSET_CLIPS,
) -> Files:
    """Write the subset as one archive for each word, patch the task's checksums, and return the clips."""
    clips = small_clips(words, parts)
    files = small_lists(clips)
    expect(patch, speech_releases.LIST_FILES, files)
    for word in words:
        of_word = {name: content for name, content in clips.items() if name.startswith(f"{word}/")}
        files[f"{word}.tar.xz"] = tar_bytes(of_word, "xz")
        patch.setitem(speech_releases.WORD_ARCHIVES, word, sha256(files[f"{word}.tar.xz"]))
    write_files(root / "speech_commands_v0.01_subset", files)
    return clips


def write_small_release(
    root: Path,
    patch: pytest.MonkeyPatch,
    words: Iterable[str] = (*COMMANDS, "bed", "cat"),
    parts: Mapping[str, int] = CLIPS,
    version: str = "v0.01",
) -> Files:
    """Write a release as the official archive, patch the task's checksum, and return all its files."""
    clips = small_clips(words, parts)
    files = clips | small_lists(clips) | small_noise() | {"README.md": b"# Speech Commands"}
    archive = tar_bytes(files, "gz", "./")
    write_files(root, {f"speech_commands_{version}.tar.gz": archive})
    patch.setitem(speech_releases.ARCHIVES, version, sha256(archive))
    return files


def expect(patch: pytest.MonkeyPatch, table: dict[str, str], files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        patch.setitem(table, name, sha256(content))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
