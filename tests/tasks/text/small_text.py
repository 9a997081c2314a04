"""A small text in which the last letters tell the next one, with the 65 different characters of the published text."""

import random
from pathlib import Path

import pytest

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \n.,:;!?'-&$3"


def write_small_text(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Write `text.txt` below the root: words of a small vocabulary that begins with all letters."""
    del patch
    draws = random.Random(0)
    words = ["".join(draws.choices(LETTERS, k=draws.randint(2, 6))) for _ in range(30)]
    text = LETTERS * 3 + " ".join(draws.choices(words, k=2500))
    (root / "text.txt").write_text(text, encoding="utf-8", newline="")
