"""Checks of a task's parameters, for `__post_init__`.

They are written by hand because the messages must name the config key; `pydantic` would be one more dependency, and its
messages span several lines.
"""

from collections.abc import Iterable

from gatebench.errors import out_of_range, unknown


def check_whole(name: str, value: object, least: int, most: int | None = None) -> None:
    """Check that the parameter `name` is a whole number from `least` to `most`; None means no upper limit.

    True and 1.0 are refused, because the digest of a trial would differ from the digest with 1.

    Raises:
        UserError: it is not.
    """
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < least or (most is not None and value > most):  # type: ignore[operator]
        allowed = f"a whole number of at least {least}" if most is None else f"a whole number from {least} to {most}"
        raise out_of_range(f"task.{name}", value, allowed)


def check_number(name: str, value: object, least: float, most: float) -> None:
    """Check that the parameter `name` is a finite number, whole or not, from `least` to `most`.

    Raises:
        UserError: it is not.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not least <= value <= most:  # type: ignore[operator]  # it is a number here
        raise out_of_range(f"task.{name}", value, f"a number from {least:g} to {most:g}")


def make_floats(task: object, *names: str) -> None:
    """Convert these parameters of a frozen task to floats; None stays None.

    Otherwise 10 and 10.0 would give different digests.
    """
    for name in names:
        if (value := getattr(task, name)) is not None:
            object.__setattr__(task, name, float(value))


def check_held_out(validation: object, limit: object, examples: int) -> None:
    """Check the parameters `validation` and `limit` of a task with a fixed number of official training examples.

    Args:
        validation: the number of training examples that are held out for validation, from 1 to `examples` - 1.
        limit: the number of the remaining examples that are used for training; None for all.
        examples: the number of official training examples.

    Raises:
        UserError: one of them is out of range.
    """
    check_whole("validation", validation, 1, examples - 1)
    if limit is not None:
        check_whole("limit", limit, 1, examples - validation)  # type: ignore[operator]


def check_flag(name: str, value: object) -> None:
    """Check that the parameter `name` is true or false.

    Raises:
        UserError: it is not.
    """
    if not isinstance(value, bool):
        raise out_of_range(f"task.{name}", value, "true or false")


def check_choice(name: str, value: object, allowed: Iterable[str]) -> None:
    """Check that the parameter `name` is one of the `allowed` words.

    Raises:
        UserError: it is not.
    """
    if value not in tuple(allowed):
        raise unknown(f"task.{name}", value, allowed)


def check_choice_of_numbers(name: str, value: object, allowed: Iterable[int]) -> None:
    """Check that the parameter `name` is one of the `allowed` whole numbers; True and 1.0 are not 1.

    Raises:
        UserError: it is not.
    """
    allowed = tuple(allowed)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise out_of_range(f"task.{name}", value, "one of " + ", ".join(map(str, allowed)))
