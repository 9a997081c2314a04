"""Checks of a task's fields, for `__post_init__`."""

from collections.abc import Iterable
from math import isfinite

from gatebench.errors import out_of_range, unknown


def check_whole(name: str, value: object, least: int, most: int | None = None) -> None:
    """Check that the field `name` holds a whole number from `least` to `most` (None: without end).

    Raises:
        UserError: it does not; True and 1.0 are no whole numbers, since a digest tells them from 1.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):  # type: ignore[operator]
        end = "of at least" if most is None else "from"
        allowed = f"a whole number {end} {least}" + ("" if most is None else f" to {most}")
        raise out_of_range(f"task.{name}", value, allowed)


def check_number(name: str, value: object, least: float, most: float) -> None:
    """Check that the field `name` holds a finite number, whole or not, from `least` to `most`.

    Raises:
        UserError: it does not.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not isfinite(value) or not least <= value <= most:  # type: ignore[arg-type, operator]
        raise out_of_range(f"task.{name}", value, f"a number from {least:g} to {most:g}")


def check_flag(name: str, value: object) -> None:
    """Check that the field `name` holds true or false.

    Raises:
        UserError: it does not.
    """
    if not isinstance(value, bool):
        raise out_of_range(f"task.{name}", value, "true or false")


def check_choice(name: str, value: object, allowed: Iterable[str]) -> None:
    """Check that the field `name` holds one of the `allowed` words.

    Raises:
        UserError: it does not.
    """
    if value not in tuple(allowed):
        raise unknown(f"task.{name}", value, allowed)
