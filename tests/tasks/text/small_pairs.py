"""Pairs of small sentences in two invented languages, which have the same order of words."""

import random
from pathlib import Path

import pytest

WORDS = {"house": "haus", "green": "grün", "tree": "baum", "sees": "sieht", "man": "mann", "a": "ein", "runs": "läuft"}


def write_small_pairs(root: Path, patch: pytest.MonkeyPatch, count: int = 400) -> None:
    """Write `read.txt` and `written.txt` below the root."""
    del patch
    draws = random.Random(0)
    sentences = [draws.choices(list(WORDS), k=draws.randint(1, 12)) for _ in range(count)]
    lines = [(" ".join(words), " ".join(WORDS[word] for word in words)) for words in sentences]
    for n, name in enumerate(("read.txt", "written.txt")):
        (root / name).write_text("".join(f"{line[n]} {k}.\n" for k, line in enumerate(lines)), encoding="utf-8")
