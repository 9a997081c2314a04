"""Quasi-random search: the draws cover the space more evenly than independent ones (Sobol', 1967).

The points are those of Sobol's sequence with the direction numbers of Joe and Kuo (2008), as SciPy has them. Each key
is one dimension. A digital shift, which depends on the key and the seed of the search, makes other seeds give other
points and keeps the evenness (Owen, 2003, "Quasi-Monte Carlo sampling").
"""

from collections.abc import Sequence

from gatebench.search.random_draws import uniform

_BITS = 30  # of SciPy's points


def sobol(keys: Sequence[str], seed: int, number: int) -> dict[str, list[float]]:
    """Return {key: its number in each draw}: at least 0, less than 1, and evenly spread over the draws.

    Draw k does not depend on the number of draws. A key that is appended does not change the draws of the other keys. A
    number of draws that is a power of two is spread most evenly.

    Args:
        keys: the keys that are drawn. The first key is the first dimension of the sequence.
        seed: the seed of the search.
        number: the number of draws.
    """
    from scipy.stats.qmc import Sobol  # takes a second

    points = Sobol(len(keys), scramble=False, bits=_BITS).random_base2(max(0, number - 1).bit_length())[:number]
    columns = {}
    for dimension, key in enumerate(keys):
        shift = int(uniform(f"sobol {key}", seed, 0) * 2**_BITS)
        columns[key] = [(int(point * 2**_BITS) ^ shift) / 2**_BITS for point in points[:, dimension]]
    return columns
