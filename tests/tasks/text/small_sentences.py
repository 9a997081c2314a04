"""SST-2 in small: three files in the published layout, with made-up sentences."""

from pathlib import Path

import numpy as np
import pytest

from tasks.text import sst2
from tests.tasks.published import publish
from tests.tasks.text.small_reviews import MOODS, NEUTRAL

COUNTS = {"train.tsv": 400, "dev.tsv": 50, "test.tsv": 240}


def small_sentences() -> dict[str, list[tuple[str, int]]]:
    """Return sentences of which one word in four has a mood, and of these one in four the wrong one."""
    rng = np.random.default_rng(0)
    found: dict[str, list[tuple[str, int]]] = {}
    for name, count in COUNTS.items():
        found[name] = []
        for number in range(count):
            words = rng.choice(NEUTRAL, rng.integers(4, 15)).tolist()
            for place in range(0, len(words), 4):
                lies = rng.random() < 0.25
                words[place] = str(rng.choice(MOODS["pos" if (number % 2) ^ lies else "neg"]))
            found[name].append((" ".join(words), number % 2))
    return found


def write_tsv(root: Path, patch: pytest.MonkeyPatch, name: str, data: bytes, folder: str = "sst2") -> Path:
    """Write a file, have its checksum expected, and return its path."""
    return publish(root / folder / name, data, sst2.CHECKSUMS, patch)


def write_small_sentences(
    root: Path, patch: pytest.MonkeyPatch, folder: str = "sst2"
) -> dict[str, list[tuple[str, int]]]:
    """Write the small files, the last line without its end as published, and return the sentences."""
    found = small_sentences()
    for name, lines in found.items():
        write_tsv(root, patch, name, "\n".join(f"{text}\t{label}" for text, label in lines).encode(), folder)
    return found
