"""A baseline of predicting the next symbol without recurrence: counts of the last symbols in the training split.

T time, B batch, N examples, S symbols.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from gatebench.task import Split


def ngram_agreement(train: Split, test: Split, *, symbols: int, pair: tuple[int, int], length: int) -> float:
    """Return the agreement of an n-gram model: the share of strings for which it predicts the right one of a pair.

    The model counts, in the training split, which one of the pair follows each sequence of the last `length` - 1
    symbols. In the test split it predicts the more frequent one. After a sequence that the training split does not
    contain, it predicts the one that is more frequent over all.

    Args:
        train: targets as in `tasks.synthetic.next_symbol`.
        test: likewise.
        symbols: S.
        pair: the numbers of the two symbols.
        length: n, the number of symbols of an n-gram, with the predicted one.
    """
    contexts, firsts = _forced(train, symbols, pair, length)
    more_often = _majorities(contexts, firsts)
    over_all = 2 * int(firsts.sum()) > len(firsts)
    contexts, firsts = _forced(test, symbols, pair, length)
    guesses = torch.tensor([more_often.get(context, over_all) for context in contexts.tolist()])
    return float((guesses == firsts).double().mean())


def _forced(split: Split, symbols: int, pair: tuple[int, int], length: int) -> tuple[Tensor, Tensor]:
    """Return the steps at which exactly one of the pair is allowed, and nothing else.

    Returns:
        For each of these steps, a number that stands for the last `length` - 1 symbols, and whether the allowed symbol
        is the first one of the pair.
    """
    batch = split.batch(torch.arange(len(split)))
    legal = batch.y[..., 1:].bool()
    first, second = (legal[..., symbol] for symbol in pair)
    forced = (first != second) & (legal.sum(-1) == 1)
    return _codes(batch.x.long(), symbols, length - 1)[forced], first[forced]


def _codes(x: Tensor, symbols: int, count: int) -> Tensor:
    """Return for each step of (T, B) symbols a number that stands for the last `count` of them.

    It is a number in base S + 1, with the digit 0 before the beginning of an example.
    """
    codes = torch.zeros_like(x)
    for back in range(min(count, len(x))):
        codes[back:] += (x[: len(x) - back] + 1) * (symbols + 1) ** back
    return codes


def _majorities(contexts: Tensor, firsts: Tensor) -> Mapping[int, bool]:
    """Return for each context whether the first one of the pair followed more often than the second one."""
    values, places = np.unique(contexts.numpy(), return_inverse=True)
    leads = np.bincount(places, 2.0 * firsts.numpy() - 1)
    return dict(zip(values.tolist(), (leads > 0).tolist(), strict=True))
