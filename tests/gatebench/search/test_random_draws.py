"""The numbers of random draws: the same on every machine, uniform, and independent of other keys."""

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from gatebench.search.random_draws import uniform


def test_a_number_is_the_first_53_bits_of_a_checksum() -> None:
    digest = hashlib.sha256(b"model.dropout 7 3").hexdigest()
    assert uniform("model.dropout", 7, 3) == int(bin(int(digest, 16))[2:].zfill(256)[:53], 2) / 2**53


@given(key=st.text(), seed=st.integers(0, 10**12), k=st.integers(0, 10**6))
def test_numbers_are_from_0_to_1(key: str, seed: int, k: int) -> None:
    assert 0 <= uniform(key, seed, k) < 1


def test_draws_are_uniform() -> None:
    """The p-values of the tests of 60 keys are uniform, too."""
    levels = [kstest([uniform(f"key{number}", 0, k) for k in range(500)], "uniform").pvalue for number in range(60)]
    assert kstest(levels, "uniform").pvalue > 0.01


def test_draws_of_other_keys_of_other_seeds_and_of_neighbours_are_uncorrelated() -> None:
    sequences = [("a", 0), ("b", 0), ("a", 1)]
    draws = np.array([[uniform(key, seed, k) for k in range(5000)] for key, seed in sequences])
    assert np.abs(np.corrcoef(draws) - np.eye(3)).max() < 0.05
    assert abs(np.corrcoef(draws[0][:-1], draws[0][1:])[0, 1]) < 0.05
