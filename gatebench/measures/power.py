"""The number of seeds that a table needs."""

from gatebench.errors import unknown
from gatebench.measures.comparisons import ALPHA, TESTS
from gatebench.measures.permutation import smallest_p
from gatebench.measures.sign_flip import smallest_sign_flip_p


def seeds_needed(comparisons: int, test: str = "unpaired") -> int:
    """Return the fewest seeds of each arm with which one of several corrected comparisons can be significant at 0.05.

    This is where significance becomes possible for a very large difference, not where it becomes probable.

    Raises:
        UserError: there is no such test.

    Examples:
        >>> [seeds_needed(m) for m in (1, 5, 8, 15)], [seeds_needed(m, "paired") for m in (1, 5, 8, 15)]
        ([4, 5, 6, 6], [6, 8, 9, 10])
    """
    if test not in TESTS:
        raise unknown("test", test, TESTS)
    n = 1
    while comparisons * (smallest_sign_flip_p(n) if test == "paired" else smallest_p(n, n)) > ALPHA:
        n += 1
    return n
