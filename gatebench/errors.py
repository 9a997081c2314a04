"""Errors that the user can correct. Each message is one sentence."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class UserError(Exception):
    """An error that the user can correct. The command prints its message without a traceback and exits with code 2."""


class Refusal(UserError):  # noqa: N818  (a refusal is an answer, not a fault)
    """A backend, a cell or a machine does not support the request; the message gives the reason."""


MOST_SUGGESTIONS = 3
"""The largest number of names that a message suggests."""

SYNONYMS = {"gpu": "cuda", "sobol": "qmc"}
"""{name: name of the same thing in configs}"""


def unknown(
    kind: str, name: object, allowed: Iterable[str], *, where: str = "", elsewhere: Iterable[str] = ()
) -> UserError:
    """Return the error for a `name` that is not among the `allowed` names. The message suggests the nearest match.

    Args:
        kind: the kind of thing that the name should name.
        name: the name.
        allowed: the names that exist.
        where: the place in which they exist, with a preposition.
        elsewhere: dotted names of other places, which are suggested if their last part is near and nothing else is.

    Examples:
        >>> print(unknown("cell", "lsmt", ["lstm", "gru"]))
        There is no cell 'lsmt'; did you mean 'lstm'? Allowed: gru, lstm.
        >>> print(unknown("gate", "q", ["i", "f"], where="in lstm"))
        There is no gate 'q' in lstm. Allowed: f, i.
        >>> print(unknown("key", "lr", ["seed"], elsewhere=["training.learning_rate"]))
        There is no key 'lr'; did you mean 'training.learning_rate'? Allowed: seed.
    """
    names = sorted(set(allowed))
    matches = nearest(str(name), names)
    if not matches:
        full = {one.rpartition(".")[2]: one for one in elsewhere}
        matches = [full[one] for one in nearest(str(name), list(full))]
    hint = f"; did you mean {_either(matches)}?" if matches else "."
    thing = " ".join(filter(None, [kind, repr(str(name)), where]))
    return UserError(f"There is no {thing}{hint} Allowed: {', '.join(names) or 'none'}.")


def nearest(name: str, allowed: Sequence[str]) -> list[str]:
    """Return the allowed names that `name` is probably meant to be: a typing mistake or an abbreviation of them.

    Dotted names are compared without the part that they share with `name`.

    Examples:
        >>> nearest("lr", ["learning_rate", "batch_size"]), nearest("epochs", ["max_epochs", "patience"])
        (['learning_rate'], ['max_epochs'])
        >>> nearest("training.bs", ["training.batch_size", "training.backend"])
        ['training.batch_size']
        >>> nearest("LSTM-peephole", ["lstm", "lstm_peephole"]), nearest("q", ["i", "f"])
        (['lstm_peephole'], [])
    """
    parent = name.rpartition(".")[0]
    if parent and all(one.startswith(f"{parent}.") for one in allowed):
        own_names = [one.removeprefix(f"{parent}.") for one in allowed]
        return [f"{parent}.{one}" for one in nearest(name.removeprefix(f"{parent}."), own_names)]
    own, letters = _letters(name), {one: _letters(one) for one in allowed}
    initials = {one: "".join(part[:1] for part in re.split(r"[^a-z0-9]+", one.lower())) for one in allowed}
    kinds_of_matches = (
        [one for one in allowed if (own and letters[one] == own) or SYNONYMS.get(own) == one],
        get_close_matches(name, allowed, n=1, cutoff=0.75),
        [one for one in allowed if len(own) > 1 and initials[one] == own],
        [one for one in allowed if len(own) > 1 and letters[one].startswith(own)],
        [one for one in allowed if len(own) > 2 and own in letters[one]],
        get_close_matches(name, allowed, n=1, cutoff=0.5),
    )
    return next((matches[:MOST_SUGGESTIONS] for matches in kinds_of_matches if matches), [])


def _either(names: Sequence[str]) -> str:
    """Return "'a', 'b' or 'c'"."""
    *first, last = map(repr, names)
    return f"{', '.join(first)} or {last}" if first else last


def _letters(name: str) -> str:
    """Return the letters and digits of a name in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def out_of_range(name: str, value: object, allowed: str) -> UserError:
    """Return the error for a parameter with a value that is not `allowed`.

    Examples:
        >>> print(out_of_range("training.max_epochs", 0, "a whole number of at least 1"))
        training.max_epochs is 0; it must be a whole number of at least 1.
    """
    return UserError(f"{name} is {value!r}; it must be {allowed}.")
