"""The official split of Speech Commands. It is by speaker, so that no voice is in two parts."""

import hashlib
import re
from collections.abc import Mapping, Set

PARTS = ("training", "validation", "testing")
BUCKETS = 2**27  # the constant MAX_NUM_WAVS_PER_CLASS of the official code, plus 1
PERCENT = 10.0  # the share of the speakers for validation, and the share for testing


def speaker_of(name: str) -> str:
    """Return the speaker of a clip such as "go/004ae714_nohash_0.wav"; without "_nohash_", the whole file name."""
    return re.sub(r"_nohash_.*$", "", name.rpartition("/")[2])


def percentage(text: str) -> float:
    """Return the hash of a text as a number from 0 to 100, as in the official code."""
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16) % BUCKETS * (100.0 / (BUCKETS - 1))


def hashed_part(name: str) -> str:
    """Return the part of a clip by the hash of its speaker, as `which_set` of the official code does."""
    share = percentage(speaker_of(name))
    if share < PERCENT:
        return "validation"
    return "testing" if share < 2 * PERCENT else "training"


def listed_part(name: str, lists: Mapping[str, Set[str]]) -> str:
    """Return the part of a clip by the official lists. A clip in neither list is for training."""
    return next((part for part in ("validation", "testing") if name in lists[part]), "training")


def is_held_out(name: str, seed: int) -> bool:
    """Return whether the speaker of a training clip is in the tenth that the seed holds out."""
    return percentage(f"{speaker_of(name)}/{seed}") < PERCENT
