"""Errors that the user can correct. Each message is one sentence."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """An error that the user can correct. The command prints its message without a traceback and exits with code 2."""


class Refusal(UserError):  # noqa: N818  (a refusal is an answer, not a fault)
    """A backend, a cell or a machine does not support the request; the message gives the reason."""


def unknown(kind: str, name: object, allowed: Iterable[str], *, where: str = "") -> UserError:
    """Return the error for a `name` that is not among the `allowed` names. The message suggests the nearest match.

    Args:
        kind: the kind of thing that the name should name.
        name: the name.
        allowed: the names that exist.
        where: the place in which they exist, with a preposition.

    Examples:
        >>> print(unknown("cell", "lsmt", ["lstm", "gru"]))
        There is no cell 'lsmt'; did you mean 'lstm'? Allowed: gru, lstm.
        >>> print(unknown("gate", "q", ["i", "f"], where="in lstm"))
        There is no gate 'q' in lstm. Allowed: f, i.
    """
    names = sorted(set(allowed))
    matches = get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"; did you mean {matches[0]!r}?" if matches else "."
    thing = " ".join(filter(None, [kind, repr(str(name)), where]))
    return UserError(f"There is no {thing}{hint} Allowed: {', '.join(names) or 'none'}.")


def out_of_range(name: str, value: object, allowed: str) -> UserError:
    """Return the error for a parameter with a value that is not `allowed`.

    Examples:
        >>> print(out_of_range("training.max_epochs", 0, "a whole number of at least 1"))
        training.max_epochs is 0; it must be a whole number of at least 1.
    """
    return UserError(f"{name} is {value!r}; it must be {allowed}.")
