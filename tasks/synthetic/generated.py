"""Tasks whose data are drawn from a seed and not read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from gatebench.task import Problem, Task
from tasks.blocks.validation import check_whole

if TYPE_CHECKING:
    from tasks.synthetic.random_numbers import RandomNumbers

LARGEST_SEED = 2**32 - 1  # one word: NumPy tells pairs of words apart, and not one long number from two short ones

Part = tuple["RandomNumbers", int]
"""What a part is drawn from, a stream of random numbers of its own, and how many examples it has."""


class Generated(Task):
    """A task that draws its examples; a subclass says in `problem` how.

    Behind fields of its own, a subclass declares training, validation and test, how many examples; and data_seed, which
    fixes them. Declared here, they would come before its own in tables.
    """

    licence = "generated"
    generator: ClassVar[str]  # to be changed with any change of the data that a seed gives

    training: int
    validation: int
    test: int
    data_seed: int

    def __post_init__(self) -> None:
        for name in ("training", "validation", "test"):
            check_whole(name, getattr(self, name), 1)
        check_whole("data_seed", self.data_seed, 0, LARGEST_SEED)

    def checksums(self) -> Mapping[str, str]:
        """Return the generator's version: the fields do the rest."""
        return {f"{self.name}/generator": self.generator}

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (it is drawn)
        """Draw the examples; a part of another size leaves the others as they are."""
        from tasks.synthetic.random_numbers import RandomNumbers

        sizes = (self.training, self.validation, self.test)
        return self.problem(*((RandomNumbers(self.data_seed, number), count) for number, count in enumerate(sizes)))

    @abstractmethod
    def problem(self, *parts: Part) -> Problem:
        """Return the problem whose training, validation and test examples are drawn from these parts."""
