"""Small texts of three classes, as a user may have them."""

import random
from pathlib import Path

import pytest

CLASSES = ("praise", "question", "report")


def write_small_labelled_texts(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Write `texts.csv` below the root: 900 texts. Of ten words, two mostly tell the class."""
    del patch
    draws = random.Random(0)
    lines = ["label,text"]
    for number in range(900):
        label = number % 3
        words = [f"word{draws.randrange(60)}" for _ in range(8)]
        words += [f"sign{label if draws.random() < 0.6 else draws.randrange(3)}" for _ in range(2)]
        draws.shuffle(words)
        lines.append(f'{CLASSES[label]},"{" ".join(words)}, and {number}"')
    (root / "texts.csv").write_text("\n".join(lines), encoding="utf-8")
