"""The split of a verb's arguments into words and options, without Hydra, whose import takes a second."""

from collections.abc import Sequence

WITH_VALUE = ("--cfg", "--config-dir")
"""The options that the next argument belongs to, unless a value follows after "="."""


def split_options(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words of some arguments, and their options with the values of these.

    Examples:
        >>> split_options(["--config-dir", "mine", "show", "lstm", "--cfg=job"])
        (['show', 'lstm'], ['--config-dir', 'mine', '--cfg=job'])
    """
    words: list[str] = []
    options: list[str] = []
    for before, argument in zip(["", *argv], argv, strict=False):
        (options if argument.startswith("-") or before in WITH_VALUE else words).append(argument)
    return words, options
