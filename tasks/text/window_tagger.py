"""A tagger without recurrence: multinomial logistic regression on a word and the words before and after it.

The inputs are sparse: each word has a few numbers (see `tasks.text.spelling`), and each number has a weight for each
tag and each place in the window. S words of all sentences, F features of a word, P = 3 · (different numbers), C tags.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array

from tasks.text.tagged_words import TaggedWords

STEPS = 25
"""The number of steps of L-BFGS. More of them hardly change the tags."""

STRENGTH = 1.0
"""The weight of half of the squared norm of the weights in the objective, beside the sum of the cross-entropies."""


class WindowTagger:
    """The tagger. The minimum of its objective is unique, so it has no seed.

    Args:
        train: the training part.
        numbers: the number of different numbers of words.
        tags: C.
    """

    def __init__(self, train: TaggedWords, numbers: int, tags: int) -> None:
        self._numbers = numbers
        inputs, right = self._windows(train), train.tags.numpy()
        transposed = inputs.T.tocsr()
        rows = np.arange(len(right))

        def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            """Return the objective, and its gradient with respect to the weights."""
            scores = inputs @ flat.astype(np.float32).reshape(-1, tags)
            scores -= scores.max(1, keepdims=True)
            exponentials = np.exp(scores)
            sums = exponentials.sum(1)
            loss = np.log(sums).sum(dtype=np.float64) - scores[rows, right].sum(dtype=np.float64)
            errors = exponentials / sums[:, None]
            errors[rows, right] -= 1
            gradient = (transposed @ errors).ravel().astype(np.float64) + STRENGTH * flat
            return float(loss + STRENGTH / 2 * (flat @ flat)), gradient

        start = np.zeros(inputs.shape[1] * tags)
        found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
        self._weights: NDArray[np.float32] = found.x.astype(np.float32).reshape(-1, tags)

    def tags(self, split: TaggedWords) -> NDArray[np.int64]:
        """Return the number (S,) of the tag of each word."""
        guesses: NDArray[np.int64] = (self._windows(split) @ self._weights).argmax(1)
        return guesses

    def _windows(self, split: TaggedWords) -> csr_array:
        """Return (S, P), 1 for the numbers of the words before, at and after each place, and 0 for the others.

        The words before and after a sentence have the number 0.
        """
        assert split.lengths is not None  # a split of sentences has them
        words = split.words.numpy().astype(np.int64)
        starts, lengths = split.starts.numpy(), split.lengths.numpy()
        before, after = np.roll(words, 1, 0), np.roll(words, -1, 0)
        before[starts] = 0
        after[starts + lengths - 1] = 0
        places = np.concatenate([before, words + self._numbers, after + 2 * self._numbers], 1)
        ends = np.arange(len(places) + 1) * places.shape[1]
        return csr_array(
            (np.ones(places.size, np.float32), places.ravel(), ends), shape=(len(places), 3 * self._numbers)
        )
