from collections import Counter, defaultdict
from pathlib import Path

import pytest
import torch

from tasks.blocks.splits import TensorSplit
from tasks.synthetic.next_symbol import next_symbol_split
from tasks.synthetic.ngrams import ngram_agreement
from tasks.synthetic.reber import Reber
from tests.tasks.answers import everything

A, B, C = range(3)
PAIR = (A, B)


def split(*strings: list[int]) -> TensorSplit:
    """Strings of the symbols A, B and C; after each symbol only the next one is allowed."""
    symbols = torch.tensor(strings)
    legal = torch.zeros(*symbols.shape, 3, dtype=torch.bool)
    legal[:, :-1] = torch.nn.functional.one_hot(symbols[:, 1:], 3).bool()
    return next_symbol_split(symbols, legal, None)


def test_the_more_frequent_one_after_the_same_symbols_is_predicted() -> None:
    train = split([C, C, A], [C, C, A], [C, C, B], [A, C, B])
    test = split([C, C, A], [C, C, B], [A, C, B])
    assert ngram_agreement(train, test, symbols=3, pair=PAIR, length=3) == pytest.approx(2 / 3)


def test_symbols_before_the_last_ones_do_not_count() -> None:
    train = split([C, C, A], [A, C, B], [A, C, B])
    assert ngram_agreement(train, train, symbols=3, pair=PAIR, length=3) == 1
    assert ngram_agreement(train, train, symbols=3, pair=PAIR, length=2) == pytest.approx(2 / 3)


def test_after_unknown_symbols_the_more_frequent_one_over_all_is_predicted() -> None:
    train = split([C, C, B], [C, C, B], [A, C, A])
    test = split([B, C, B], [B, C, B], [B, C, A])
    assert ngram_agreement(train, test, symbols=3, pair=PAIR, length=3) == pytest.approx(2 / 3)


@pytest.mark.parametrize("length", [3, 9])
@pytest.mark.parametrize("stream", [None, 60])
def test_it_is_a_count_of_substrings_of_the_grammar(stream: int | None, length: int) -> None:
    problem = Reber(stream=stream, training=60, validation=50, test=50).load(Path("unused"))
    followers: dict[str, Counter[bool]] = defaultdict(Counter)
    rights = []
    for part in ("train", "test"):
        batch = everything(getattr(problem, part))
        for x, legal in zip(batch.x.T.tolist(), batch.y[..., 1:].bool().transpose(0, 1).tolist(), strict=True):
            for step, allowed in enumerate(legal):
                if sum(allowed) == 1 and (allowed[1] or allowed[4]):
                    before = "".join(map(str, x[max(0, step - length + 2) : step + 1]))
                    key = before if step >= length - 2 else f"^{before}"
                    if part == "train":
                        followers[key][allowed[1]] += 1
                    else:
                        over_all = sum(followers.values(), Counter())
                        counts = followers.get(key, over_all)
                        rights.append((counts[True] > counts[False]) == allowed[1])
    assert problem.baselines()[f"{length}-gram"] == pytest.approx(sum(rights) / len(rights))
