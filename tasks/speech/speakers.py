"""The official split of Speech Commands: by speaker, so that no voice is in two parts."""

import hashlib
import re
from collections.abc import Mapping, Set

PARTS = ("training", "validation", "testing")
BUCKETS = 2**27  # the official code calls one less MAX_NUM_WAVS_PER_CLASS
PERCENT = 10.0  # of the speakers for validation, and as many for testing


def speaker_of(name: str) -> str:
    """Return the speaker of a clip such as "go/004ae714_nohash_0.wav"; without "_nohash_", the whole file name."""
    return re.sub(r"_nohash_.*$", "", name.rpartition("/")[2])


def percentage(text: str) -> float:
    """Return the number from 0 to 100 that the official code makes of a speaker."""
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16) % BUCKETS * (100.0 / (BUCKETS - 1))


def hashed_part(name: str) -> str:
    """Return the part of a clip by the hash of its speaker, as `which_set` of the official code has it."""
    share = percentage(speaker_of(name))
    return "validation" if share < PERCENT else "testing" if share < 2 * PERCENT else "training"


def listed_part(name: str, lists: Mapping[str, Set[str]]) -> str:
    """Return the part of a clip by the official lists; what is in neither of the two is for training."""
    return next((part for part in ("validation", "testing") if name in lists[part]), "training")


def is_held_out(name: str, seed: int) -> bool:
    """Return whether a training clip's speaker is one of the tenth that the seed holds out."""
    return percentage(f"{speaker_of(name)}/{seed}") < PERCENT
