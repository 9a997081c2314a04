"""Checks of a task's fields, for `__post_init__`."""

from collections.abc import Iterable

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
    if not number or not least <= value <= most:  # type: ignore[operator]  # what is no number is in no range
        raise out_of_range(f"task.{name}", value, f"a number from {least:g} to {most:g}")


def make_floats(task: object, *names: str) -> None:
    """Make floats of the numbers in these fields of a frozen task, since a digest tells 10 from 10.0; None stays."""
    for name in names:
        if (value := getattr(task, name)) is not None:
            object.__setattr__(task, name, float(value))


def check_held_out(validation: object, limit: object, examples: int) -> None:
    """Check how many of the official training examples are held out, and how many of the others are trained on.

    Raises:
        UserError: nothing is held out, or all; or the `limit` is more than what is left, where it is not None.
    """
    check_whole("validation", validation, 1, examples - 1)
    if limit is not None:
        check_whole("limit", limit, 1, examples - validation)  # type: ignore[operator]


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
