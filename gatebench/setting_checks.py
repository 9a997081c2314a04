"""The checks that the settings of the network and of the training share."""

from gatebench.errors import out_of_range

LARGEST_COUNT = 10**9
"""The largest size or number of epochs that a setting may have."""


def check_at_least(name: str, value: float, minimum: float, maximum: float = LARGEST_COUNT) -> None:
    """Check that a number is finite and from `minimum` to `maximum`.

    Args:
        name: the name of the setting in configs.
        value: its value.
        minimum: the smallest allowed value.
        maximum: the largest allowed value.

    Raises:
        UserError: the number is out of range.
    """
    if not minimum <= value < float("inf"):
        raise out_of_range(name, value, f"a finite number of at least {minimum}")
    if value > maximum:
        raise out_of_range(name, value, f"at most {maximum:,}")


def check_probability(name: str, value: float) -> None:
    """Check that a number is at least 0 and less than 1.

    Raises:
        UserError: the number is out of range.
    """
    if not 0 <= value < 1:
        raise out_of_range(name, value, "at least 0 and less than 1")
