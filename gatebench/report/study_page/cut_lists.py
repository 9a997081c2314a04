"""Lists in texts that are cut if they are long."""

from collections.abc import Sequence

MOST_LISTED = 12
"""The largest number of items that a list shows."""


def cut_list(items: Sequence[str], most: int = MOST_LISTED) -> str:
    """Return the items, separated by commas; behind the first ones the number of the others.

    Examples:
        >>> cut_list(["0", "1", "2"]), cut_list(["0", "1", "2"], most=2)
        ('0, 1, 2', '0, 1 and 1 more')
    """
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest:,} more" if rest > 0 else "")
