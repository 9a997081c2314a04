"""The samplers of a search by name: each one returns a number from 0 to 1 for every key and draw."""

from collections.abc import Callable, Mapping, Sequence

from gatebench.search.quasi_random import sobol
from gatebench.search.random_draws import uniform


def independent(keys: Sequence[str], seed: int, number: int) -> dict[str, list[float]]:
    """Return {key: its number in each draw} of independent draws, see `random_draws`.

    Args:
        keys: the keys that are drawn.
        seed: the seed of the search.
        number: the number of draws.
    """
    return {key: [uniform(key, seed, k) for k in range(number)] for key in keys}


SAMPLERS: Mapping[str, Callable[[Sequence[str], int, int], dict[str, list[float]]]] = {
    "random": independent,
    "qmc": sobol,
}
"""{name in configs: function of the keys, the seed of the search and the number of draws}."""
