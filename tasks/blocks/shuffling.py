"""Random orders that a seed fixes on every machine and in every version."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random


def permutation(count: int, seed: int) -> list[int]:
    """Return the numbers 0 to count - 1 in an order that the seed (at least 0) fixes.

    Python promises the stream of `Random.random` in all its versions; torch and NumPy do not promise theirs.
    """
    draw = Random(seed).random
    return sorted(range(count), key=lambda _: draw())


def stratified(labels: Iterable[int], fractions: Sequence[float], seed: int) -> list[list[int]]:
    """Return disjoint lists of positions in `labels`: the rest, then a part for each of the `fractions`.

    Of each class, every part holds its fraction to the nearest whole number. Positions are in ascending order.
    """
    classes: dict[int, list[int]] = defaultdict(list)
    labels = list(labels)
    for position in permutation(len(labels), seed):
        classes[labels[position]].append(position)
    parts: list[list[int]] = [[] for _ in range(len(fractions) + 1)]
    for members in classes.values():
        start = 0
        for part, fraction in zip(parts[1:], fractions, strict=True):
            end = start + round(fraction * len(members))
            part += members[start:end]
            start = end
        parts[0] += members[start:]
    return [sorted(part) for part in parts]
