"""Random search: independent draws (Bergstra and Bengio, 2012, "Random search for hyper-parameter optimization").

Draw k of a key depends on the key, the seed of the search and k, and on nothing else. So all arms of a study share the
same draws, more draws are appended to the earlier ones, and another key does not change the draws of this one.
"""

import hashlib

_BITS = 53  # of a float's significand


def uniform(key: str, seed: int, k: int) -> float:
    """Return the number of draw k of a key: at least 0, less than 1, and uniform over the draws.

    It consists of the first 53 bits of a SHA-256, so it is the same on every machine.

    Args:
        key: the key that is drawn, for example "training.learning_rate".
        seed: the seed of the search.
        k: the number of the draw, from 0.
    """
    digest = hashlib.sha256(f"{key} {seed} {k}".encode()).digest()
    bits = int.from_bytes(digest[:8], "big") >> (64 - _BITS)
    return float(bits) / 2.0**_BITS
