"""Sobol's points: even in every interval, and independent of later draws and later keys."""

from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from gatebench.search.quasi_random import sobol
from gatebench.search.random_draws import uniform

KEYS = ["training.learning_rate", "model.hidden_size", "model.dropout", "training.weight_decay"]


@settings(deadline=None)
@given(power=st.integers(0, 8), seed=st.integers(0, 10**12))
def test_each_of_as_many_intervals_as_draws_has_one_draw(power: int, seed: int) -> None:
    number = 2**power
    for draws in sobol(KEYS, seed, number).values():
        assert sorted(int(draw * number) for draw in draws) == list(range(number))


@settings(deadline=None)
@given(number=st.integers(1, 40), keys=st.integers(1, 4), more=st.integers(0, 40))
def test_more_draws_and_more_keys_change_nothing(number: int, keys: int, more: int) -> None:
    few, many = sobol(KEYS[:keys], 3, number), sobol(KEYS, 3, number + more)
    assert all(many[key][:number] == draws for key, draws in few.items())
    assert list(few) == KEYS[:keys]
    assert all(len(draws) == number for draws in few.values())


def test_the_pairs_are_more_even_than_independent_draws() -> None:
    even = sobol(KEYS, 0, 64)
    shifted = list(zip(*even.values(), strict=True))
    independent = [[uniform(key, 0, k) for key in KEYS] for k in range(64)]
    assert qmc.discrepancy(shifted) < 0.5 * qmc.discrepancy(independent)


def test_the_seed_shifts_each_key_in_its_own_way() -> None:
    first, second = sobol(KEYS, 0, 8), sobol(KEYS, 1, 8)
    assert all(first[key] != second[key] for key in KEYS)
    assert len({tuple(draws) for draws in first.values()}) == len(KEYS)
