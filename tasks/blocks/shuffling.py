"""Random permutations and stratified splits that are the same for a seed on every machine and in every version.

They are written by hand because neither torch, nor NumPy's `Generator`, nor `train_test_split` of scikit-learn promises
the same results in later versions. Python promises the same numbers from `random.Random.random`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random


def permutation(count: int, seed: int) -> list[int]:
    """Return the whole numbers from 0 to count - 1 in a random order that depends only on the seed (at least 0)."""
    draw = Random(seed).random
    return sorted(range(count), key=lambda _: draw())


def stratified(labels: Iterable[int], fractions: Sequence[float], seed: int) -> list[list[int]]:
    """Return disjoint lists of indices into `labels`: first the rest, then one part for each of the `fractions`.

    Each part holds its fraction of every class, rounded to a whole number. The indices are in ascending order.
    """
    classes: dict[int, list[int]] = defaultdict(list)
    labels = list(labels)
    for index in permutation(len(labels), seed):
        classes[labels[index]].append(index)
    parts: list[list[int]] = [[] for _ in range(len(fractions) + 1)]
    for members in classes.values():
        start = 0
        for part, fraction in zip(parts[1:], fractions, strict=True):
            end = start + round(fraction * len(members))
            part += members[start:end]
            start = end
        parts[0] += members[start:]
    return [sorted(part) for part in parts]
