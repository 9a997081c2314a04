"""Checks of a task's fields, for `__post_init__`."""

from gatebench.errors import out_of_range


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
