import hashlib
from collections import Counter
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.blocks.random_numbers import RandomNumbers


def test_the_numbers_do_not_change() -> None:
    numbers = np.concatenate([RandomNumbers(0).uniform(1000), RandomNumbers(3, 1, 4).uniform(1000)])
    assert (
        hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest()
        == "45426e7362ed329050ef5f71840ff0d2496bc18ed9c5a0765cb06f6b38b9b4c3"
    )


def test_the_numbers_equal_those_of_numpy() -> None:
    theirs = np.random.Generator(np.random.PCG64(np.random.SeedSequence((3, 1)))).random(100)
    assert RandomNumbers(3, 1).uniform(100).tolist() == theirs.tolist()


def test_streams_differ_and_do_not_repeat() -> None:
    one, same, other, third = RandomNumbers(0, 1), RandomNumbers(0, 1), RandomNumbers(1, 0), RandomNumbers(0, 2)
    first = one.uniform(50)
    assert first.tolist() == same.uniform(50).tolist()
    assert not set(first) & set(one.uniform(50))
    assert not set(first) & set(other.uniform(50))
    assert not set(first) & set(third.uniform(50))


def test_uniform_numbers_fill_the_unit_interval() -> None:
    numbers = RandomNumbers(7).uniform(200, 500)
    assert numbers.shape == (200, 500)
    assert 0 <= numbers.min() < 1e-4 < 1 - 1e-4 < numbers.max() < 1
    assert numbers.mean() == pytest.approx(1 / 2, abs=0.004)
    assert numbers.var() == pytest.approx(1 / 12, abs=0.002)
    assert np.corrcoef(numbers[:, 0], numbers[:, 1])[0, 1] == pytest.approx(0, abs=0.25)


@settings(deadline=None)
@given(st.integers(0, 2**40), st.integers(1, 2**31))
def test_whole_numbers_are_in_range(seed: int, below: int) -> None:
    numbers = RandomNumbers(seed).integers(below, 20)
    assert numbers.dtype == np.int64
    assert 0 <= numbers.min() <= numbers.max() < below


def test_whole_numbers_are_uniform() -> None:
    counts = np.bincount(RandomNumbers(1).integers(7, 70_000), minlength=7)
    assert len(counts) == 7
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 22.5  # chi-squared, 6 degrees of freedom, p = 0.001


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(1, 30), st.data())
def test_subsets_are_ascending_and_distinct(seed: int, below: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, below))
    subsets = RandomNumbers(seed).subsets(40, size, below)
    assert subsets.shape == (40, size)
    assert 0 <= subsets.min() <= subsets.max() < below
    assert (np.diff(subsets) > 0).all()


@pytest.mark.parametrize(("size", "below"), [(1, 6), (2, 5), (4, 6), (5, 5)])
def test_all_subsets_are_equally_likely(size: int, below: int) -> None:
    kinds = comb(below, size)
    counts = Counter(map(tuple, RandomNumbers(5).subsets(1000 * kinds, size, below).tolist()))
    assert set(counts) == set(combinations(range(below), size))
    assert all(abs(count - 1000) < 130 for count in counts.values())  # four standard deviations
