"""Data that are drawn and not read: how many examples of each part, and from which seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasks.fields import check_whole

if TYPE_CHECKING:
    from tasks.drawing import Draw

LARGEST_SEED = 2**32 - 1  # one word: NumPy tells pairs of words apart, and not one long number from two short ones


def check_generated(training: int, validation: int, test: int, data_seed: int) -> None:
    """Check the fields that all tasks share whose data are drawn; raise `UserError` where one is out of range."""
    for name, examples in {"training": training, "validation": validation, "test": test}.items():
        check_whole(name, examples, 1)
    check_whole("data_seed", data_seed, 0, LARGEST_SEED)


def draws(data_seed: int, *examples: int) -> Iterator[tuple[Draw, int]]:
    """Yield, for each part of so many examples, a stream of random numbers of its own, and how many examples it has.

    So a part of another size leaves the others as they are.
    """
    from tasks.drawing import Draw

    for part, count in enumerate(examples):
        yield Draw(data_seed, part), count
