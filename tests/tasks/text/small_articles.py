"""Small articles in two topics. A sentence belongs to the summary if its first word says so."""

import random
import tarfile
from pathlib import Path

import pytest

from tasks.text import articles

WORDS = ("market", "team", "price", "goal", "bank", "match", "rose", "won", "fell", "lost", "today", "abroad", "again")


def small_articles(count: int = 60) -> dict[str, tuple[str, str]]:
    """Return {name: (text, summary)} of articles of which a third of the sentences are important."""
    draws = random.Random(0)
    found = {}
    for number in range(count):
        important = [place % 3 == number % 3 for place in range(draws.randint(4, 9))]
        sentences = [
            " ".join(
                ("Breaking" if is_important else "Also", *draws.choices(WORDS, k=draws.randint(3, 6)), f"x{place}.")
            )
            for place, is_important in enumerate(important)
        ]
        chosen = [one for one, is_important in zip(sentences, important, strict=True) if is_important]
        body = " ".join(sentences[:2]) + "\n\n" + " ".join(sentences[2:])
        found[f"{('sport', 'business')[number % 2]}/{number:03}.txt"] = (f"Title {number}\n\n{body}\n", "".join(chosen))
    return found


def write_small_articles(root: Path, patch: pytest.MonkeyPatch, count: int = 60) -> None:
    """Write `news/articles` and `news/summaries` below the root."""
    del patch
    for name, texts in small_articles(count).items():
        for kind, text in zip(("articles", "summaries"), texts, strict=True):
            path = root / "news" / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def write_small_archive(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Write the archive of BBC News Summary. One article is not UTF-8."""
    import hashlib

    write_small_articles(root, patch)
    news = root / "news"
    odd = news / "articles" / "sport" / "000.txt"
    odd.write_bytes(odd.read_bytes().replace(b"Title 0", b"Title \xa30"))
    archive = root / articles.FOLDERS[0] / articles.ARCHIVE
    archive.parent.mkdir()
    with tarfile.open(archive, "w:xz") as file:
        file.add(news / "articles", "BBC News Summary/News Articles")
        file.add(news / "summaries", "BBC News Summary/Summaries")
    patch.setattr(articles, "SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
