from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.blocks.shuffling import permutation, stratified


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 2**40))
def test_permutation_has_every_number_once(count: int, seed: int) -> None:
    assert sorted(permutation(count, seed)) == list(range(count))


def test_permutation_is_the_same_for_ever() -> None:
    assert permutation(10, 0) == [3, 7, 5, 2, 8, 4, 9, 1, 6, 0]
    assert permutation(10, 1) == [9, 8, 0, 3, 5, 4, 6, 2, 7, 1]


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), max_size=200), st.integers(0, 1000))
def test_parts_are_disjoint_complete_and_stratified(labels: list[int], seed: int) -> None:
    rest, val, test = stratified(labels, (0.2, 0.3), seed)
    assert sorted(rest + val + test) == list(range(len(labels)))
    for label, count in Counter(labels).items():
        assert sum(labels[i] == label for i in val) == round(0.2 * count)
        assert sum(labels[i] == label for i in test) == round(0.3 * count)


def test_parts_are_ascending_and_follow_the_seed() -> None:
    labels = [0, 1] * 50
    first, again, other = (stratified(labels, (0.2,), seed) for seed in (0, 0, 1))
    assert first == again != other
    assert all(part == sorted(part) for part in first)


@pytest.mark.parametrize("seed", range(5))
def test_membership_is_even(seed: int) -> None:
    held_out = stratified([0] * 1000, (0.5,), seed)[1]
    assert 400 < sum(held_out) / len(held_out) < 600
