"""The Large Movie Review Dataset in small: the official names and folders, with made-up reviews."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tasks.text import reviews
from tests.tasks.data.archives import tar_bytes
from tests.tasks.published import publish

TRAIN, TEST = 200, 120  # of each class
MOODS = {"pos": ("fine", "moving", "superb", "witty"), "neg": ("dull", "clumsy", "awful", "stale")}
NEUTRAL = [f"word{number}" for number in range(60)]


def small_reviews() -> dict[str, bytes]:
    """Return {name: review}: four words in five say nothing, one in five its mood, and of these one in four lies."""
    rng = np.random.default_rng(0)
    found = {}
    for part, count in (("train", TRAIN), ("test", TEST)):
        for mood, other in (("pos", "neg"), ("neg", "pos")):
            for number in range(count):
                words = rng.choice(NEUTRAL, rng.integers(5, 40)).tolist()
                for place in range(0, len(words), 5):
                    words[place] = str(rng.choice(MOODS[other if rng.random() < 0.25 else mood]))
                text = f"{words[0].title()} <br /><br />" + " ".join(words[1:]) + ", it's the café's!"
                found[f"{part}/{mood}/{number}_{8 if mood == 'pos' else 2}.txt"] = text.encode()
    return found


def archive_of(found: Mapping[str, bytes], more: Mapping[str, bytes] | None = None) -> bytes:
    """Return a `tar.gz` of the reviews below `aclImdb`, and of further members by their full names."""
    return tar_bytes({f"aclImdb/{name}": review for name, review in found.items()} | dict(more or {}), "gz")


def write_folder(root: Path, found: Mapping[str, bytes]) -> Path:
    """Write the reviews below `root/aclImdb`, as the official archive unpacks, and return that folder."""
    for name, review in found.items():
        path = root / "aclImdb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(review)
    return root / "aclImdb"


def write_archive(root: Path, data: bytes, patch: pytest.MonkeyPatch, name: str = "aclImdb_v1.tar.gz") -> Path:
    """Write an archive into `root/imdb`, have its checksum expected, and return its path."""
    return publish(root / "imdb" / name, data, reviews.ARCHIVES, patch)


def expect(found: Mapping[str, bytes], patch: pytest.MonkeyPatch) -> None:
    """Have the task expect these reviews."""
    patch.setitem(reviews.CHECKSUMS, reviews.UNPACKED, reviews.checksum(found))


def write_small_reviews(root: Path, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Write the small reviews as an archive, have the task expect them, and return them."""
    found = small_reviews()
    expect(found, patch)
    write_archive(root, archive_of(found), patch)
    return found
