"""The n-gram model against a transcription of its recursion, with counts in dictionaries."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text.kneser_ney import UNSEEN_DISCOUNT, KneserNey, best_order

texts = st.lists(st.integers(0, 3), min_size=2, max_size=60)


def slow_probability(train: list[int], context: list[int], token: int, symbols: int, order: int) -> float:
    """Return p(token | context) by the formulas of Chen & Goodman 1999, equation 24."""
    order = min(order, len(train))
    if order == 0:
        return 1 / symbols
    counts = continuation_counts(train, order) if order < slow_probability.longest else grams(train, order)  # type: ignore[attr-defined]
    ones, twos = (sum(count == wanted for count in counts.values()) for wanted in (1, 2))
    discount = ones / (ones + 2 * twos) if ones else 0.0
    if not discount and (order > 1 or len(set(train)) < symbols):
        discount = UNSEEN_DISCOUNT
    tail = tuple(context[len(context) - order + 1 :]) if order > 1 else ()
    lower = slow_probability(train, context, token, symbols, order - 1)
    if len(context) < order - 1:
        return lower
    own = {gram: count for gram, count in counts.items() if gram[:-1] == tail}
    total = sum(own.values())
    if not total:
        return lower
    return (max(own.get((*tail, token), 0) - discount, 0) + discount * len(own) * lower) / total


def grams(train: list[int], order: int) -> Counter[tuple[int, ...]]:
    return Counter(tuple(train[place : place + order]) for place in range(len(train) - order + 1))


def continuation_counts(train: list[int], order: int) -> Counter[tuple[int, ...]]:
    return Counter(gram[1:] for gram in grams(train, order + 1))


@given(texts, texts, st.integers(1, 4))
def test_the_probabilities_are_those_of_the_formulas(train: list[int], test: list[int], order: int) -> None:
    found = KneserNey(np.array(train), 4, order).probabilities(np.array(test))
    slow_probability.longest = min(order, len(train))  # type: ignore[attr-defined]
    wanted = [slow_probability(train, test[:place], token, 4, order) for place, token in enumerate(test)]
    assert found == pytest.approx(wanted, rel=1e-12)


@given(texts, st.integers(1, 4))
def test_the_probabilities_of_all_tokens_add_up_to_one(train: list[int], order: int) -> None:
    model, context = KneserNey(np.array(train), 4, order), train[-5:]
    assert sum(model.probabilities(np.array([*context, token]))[-1] for token in range(4)) == pytest.approx(1)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_token_that_the_training_text_lacks_has_finite_bits(order: int) -> None:
    train = np.array([0, 1] * 50)  # no count is 1, so the formula has no discount
    assert 0 < KneserNey(train, 3, order).probabilities(np.array([0, 2]))[-1] < 0.5
    assert KneserNey(train, 2, order).bits(train) < 1.01


def test_the_order_is_that_of_the_fewest_bits_on_the_validation_text() -> None:
    periodic = np.array([0, 1, 2, 0, 2, 1] * 40)
    assert best_order(periodic[:180], periodic[180:], 3, 4) == 3
    random = np.random.default_rng(0).integers(0, 4, 4000)
    assert best_order(random[:3000], random[3000:], 4, 4) == 1
    assert KneserNey(random, 4, 1).bits(random) == pytest.approx(math.log2(4), abs=0.01)
