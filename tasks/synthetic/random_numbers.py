"""Random numbers that a seed fixes on every machine and in every version, by the million."""

import numpy as np
from numpy.typing import NDArray


class RandomNumbers:
    """A stream of random numbers, fixed by the whole numbers that seed it.

    NumPy promises the bits of PCG64 in all its versions, and not what its generators make of them; so numbers are made
    of the bits here.
    """

    def __init__(self, *seed: int) -> None:
        self._source = np.random.PCG64(np.random.SeedSequence(seed))

    def uniform(self, *shape: int) -> NDArray[np.float64]:
        """Return numbers from 0 up to, but without, 1: multiples of 2⁻⁵³, each as likely as another."""
        bits = np.asarray(self._source.random_raw(int(np.prod(shape))), np.uint64)
        return ((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)

    def whole(self, below: int, *shape: int) -> NDArray[np.int64]:
        """Return whole numbers from 0 to below - 1, each as likely as another to one part in 2⁵³ / below."""
        return (self.uniform(*shape) * below).astype(np.int64)

    def subsets(self, count: int, size: int, below: int) -> NDArray[np.int64]:
        """Return (count, size) whole numbers from 0 to below - 1, ascending and distinct in each row.

        Every set of that size is as likely as another (Floyd's algorithm).
        """
        chosen = np.empty((count, size), np.int64)
        for column, largest in enumerate(range(below - size, below)):
            drawn = self.whole(largest + 1, count)
            taken = (chosen[:, :column] == drawn[:, None]).any(1)
            chosen[:, column] = np.where(taken, largest, drawn)
        chosen.sort(1)
        return chosen
