"""Random numbers that depend on a seed only, and not on the machine or the version of NumPy."""

import numpy as np
from numpy.typing import NDArray


class RandomNumbers:
    """A stream of random numbers.

    NumPy's `Generator` is not used, because NumPy guarantees the raw bits of PCG64 in all its versions, but not the
    numbers that `Generator` computes from them.

    Args:
        seed: the whole numbers of the seed.
    """

    def __init__(self, *seed: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed))

    def uniform(self, *shape: int) -> NDArray[np.float64]:
        """Return uniform random numbers in [0, 1): multiples of 2⁻⁵³ in an array of this shape."""
        bits = np.asarray(self._bits.random_raw(int(np.prod(shape))), np.uint64)
        return ((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)

    def integers(self, below: int, *shape: int) -> NDArray[np.int64]:
        """Return whole numbers from 0 to below - 1, uniform up to a relative error of below / 2⁵³."""
        return (self.uniform(*shape) * below).astype(np.int64)

    def subsets(self, count: int, size: int, below: int) -> NDArray[np.int64]:
        """Return random subsets (count, size) of the numbers 0 to below - 1, in ascending order.

        All subsets of this size are equally likely (Floyd's algorithm).
        """
        chosen = np.empty((count, size), np.int64)
        for column, largest in enumerate(range(below - size, below)):
            drawn = self.integers(largest + 1, count)
            taken = (chosen[:, :column] == drawn[:, None]).any(1)
            chosen[:, column] = np.where(taken, largest, drawn)
        chosen.sort(1)
        return chosen
