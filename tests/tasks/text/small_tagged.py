"""Small tagged sentences in documents of three. A fourth of the names occur in one sentence only."""

import random
from pathlib import Path

import pytest

NAMES = {"person": ("Anna", "Otto Berg", "Maria"), "place": ("Rome", "New York", "Oslo")}
WORDS = ("the", "old", "man", "met", "in", "and", "saw", "with", "a", "dog", "at", "home")


def write_small_tagged(root: Path, patch: pytest.MonkeyPatch, documents: int = 80) -> None:
    """Write `tagged.conll` below the root."""
    del patch
    draws = random.Random(0)
    lines: list[str] = []
    for number in range(3 * documents):
        if number % 3 == 0:
            lines += ["-DOCSTART- -X- O", ""]
        lines.append(f"{number} NUM O")
        for word in draws.choices(WORDS, k=draws.randint(1, 9)):
            lines.append(f"{word} X O")
            if draws.random() < 0.3:
                kind = draws.choice(list(NAMES))
                first, *others = draws.choice((*NAMES[kind], f"Mc{number}")).split()
                lines += [f"{first} N B-{kind}", *(f"{other} N I-{kind}" for other in others)]
        lines.append("")
    (root / "tagged.conll").write_text("\n".join(lines), encoding="utf-8")
