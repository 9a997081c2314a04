"""An n-gram language model with interpolated Kneser–Ney smoothing. S tokens of a text, V different tokens.

Sources: Kneser & Ney 1995, "Improved backing-off for M-gram language modeling"; Chen & Goodman 1999, "An empirical
study of smoothing techniques for language modeling", section 2.7.

This is written by hand because the well-kept libraries are slow on a million tokens (NLTK counts in Python) or need a
program that is built by hand (KenLM).
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]

UNSEEN_DISCOUNT = 0.5
"""The discount of n-grams if that of the formula is 0, because none has the count 1, and an n-gram may be new.

Without it, an n-gram that the training text lacks would have the probability 0.
"""

NEVER = -1  # the number of an n-gram or a context that the training text does not contain


@dataclass(frozen=True)
class _Order:
    """The n-grams of one length n. G n-grams and C contexts of n - 1 tokens.

    Attributes:
        keys: (G,) in ascending order: (number of the last n - 1 tokens) · V + the first token.
        counts: (G,) the counts: for the longest n-grams how often they occur, for others the number of different
            tokens that precede them.
        totals: (C,) the sum of the counts of the n-grams that continue each context.
        kinds: (C,) the number of n-grams that continue each context.
        discount: D = n₁ / (n₁ + 2 n₂), with n₁ and n₂ the numbers of n-grams with the counts 1 and 2; see also
            `UNSEEN_DISCOUNT`.
    """

    keys: Numbers
    counts: Numbers
    totals: Numbers
    kinds: Numbers
    discount: float


class _Grams(NamedTuple):
    """The different n-grams of one length in a text. G n-grams.

    Attributes:
        keys: (G,) as in `_Order`.
        contexts: (G,) the number of the first n - 1 tokens of each.
        occurrences: (G,) how often each occurs.
    """

    keys: Numbers
    contexts: Numbers
    occurrences: Numbers


def _all_grams(text: Numbers, symbols: int, most: int) -> list[_Grams]:
    """Return the n-grams of all lengths from 1 to `most`, or to the length of the text."""
    numbers = np.zeros(len(text), np.int64)  # of the n-gram that ends at each token; no n-gram before n tokens
    found: list[_Grams] = []
    for n in range(1, min(most, len(text)) + 1):
        places = np.arange(n - 1, len(text))
        contexts = numbers[places - 1] if n > 1 else np.zeros(len(places), np.int64)
        keys, first, inverse, occurrences = np.unique(
            numbers[places] * symbols + text[places - n + 1],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        found.append(_Grams(keys, contexts[first], occurrences))
        numbers = np.full(len(text), NEVER, np.int64)
        numbers[places] = inverse
    return found


class KneserNey:
    """p(w | c) = (max(count(c, w) - D, 0) + D · kinds(c) · p(w | c without its first token)) / total(c).

    The distribution below the single tokens is uniform over the V tokens. If the training text does not contain a
    context, its first token is left out.

    Args:
        text: (S,) the tokens of the training text, from 0 to V - 1.
        symbols: V.
        order: n, the largest number of tokens of an n-gram, at least 1; of a shorter text, its number of tokens.
    """

    def __init__(self, text: Numbers, symbols: int, order: int) -> None:
        self._set(_all_grams(text.astype(np.int64), symbols, order), symbols)

    @classmethod
    def of_all_orders(cls, text: Numbers, symbols: int, most: int) -> "list[KneserNey]":
        """Return the models of all orders from 1 to `most`. The n-grams are counted once."""
        grams = _all_grams(text.astype(np.int64), symbols, most)
        models = [cls.__new__(cls) for _ in grams]
        for order, model in enumerate(models, 1):
            model._set(grams[:order], symbols)
        return models

    def _set(self, grams: list[_Grams], symbols: int) -> None:
        """Take the n-grams of all lengths up to the order."""
        self.symbols = symbols
        self._orders: list[_Order] = []
        for n, (keys, contexts, occurrences) in enumerate(grams, 1):
            longer = grams[n].keys // symbols if n < len(grams) else None
            counts = occurrences if longer is None else np.bincount(longer, minlength=len(keys))
            order = _order(keys, contexts, counts, len(grams[n - 2].keys) if n > 1 else 1)
            if not order.discount and (n > 1 or len(keys) < symbols):
                order = replace(order, discount=UNSEEN_DISCOUNT)
            self._orders.append(order)

    def bits(self, text: Numbers, start: int = 0) -> float:
        """Return the mean bits of the tokens of a text from `start` on. The tokens before `start` are contexts.

        Args:
            text: (S,) the tokens of the text.
            start: the first token that counts.
        """
        return float(-np.log2(self.probabilities(text.astype(np.int64)))[start:].mean())

    def probabilities(self, text: Numbers) -> Floats:
        """Return the probability of each token of a text after all tokens before it, (S,)."""
        probability = np.full(len(text), 1 / self.symbols)
        numbers = np.zeros(len(text), np.int64)
        for n, order in enumerate(self._orders, 1):
            places = np.arange(n - 1, len(text))
            contexts = numbers[places - 1] if n > 1 else np.zeros(len(places), np.int64)
            found = np.full(len(text), NEVER, np.int64)
            found[places] = _find(order.keys, numbers[places], text[places - n + 1], self.symbols)
            totals = np.where(contexts == NEVER, 0, order.totals[contexts])
            known = np.flatnonzero(totals > 0)
            at, context, total = places[known], contexts[known], totals[known]
            counts = np.where(found[at] == NEVER, 0, order.counts[found[at]])
            shared = order.discount * order.kinds[context] * probability[at]
            probability[at] = (np.maximum(counts - order.discount, 0) + shared) / total
            numbers = found
        return probability


def _order(keys: Numbers, contexts: Numbers, counts: Numbers, number_of_contexts: int) -> _Order:
    """Return the n-grams with the sums over their contexts."""
    ones, twos = int((counts == 1).sum()), int((counts == 2).sum())
    return _Order(
        keys,
        counts,
        np.bincount(contexts, counts, number_of_contexts).astype(np.int64),
        np.bincount(contexts[counts > 0], minlength=number_of_contexts),
        ones / (ones + 2 * twos) if ones else 0.0,
    )


def _find(keys: Numbers, suffixes: Numbers, firsts: Numbers, symbols: int) -> Numbers:
    """Return the number of each n-gram, from the number of its last n - 1 tokens and its first token."""
    wanted = suffixes * symbols + firsts
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((suffixes != NEVER) & (keys[places] == wanted), places, NEVER)


def best_order(train: Numbers, val: Numbers, symbols: int, most: int) -> int:
    """Return the order from 1 to `most` with the fewest bits on the validation text; the first if several are equal."""
    bits = [model.bits(val) for model in KneserNey.of_all_orders(train, symbols, most)]
    return 1 + bits.index(min(bits))
