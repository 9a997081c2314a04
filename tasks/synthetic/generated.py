"""Tasks with random examples from a seed, without data files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from gatebench.task import Problem, Task
from tasks.blocks.validation import check_whole

if TYPE_CHECKING:
    from tasks.blocks.random_numbers import RandomNumbers

LARGEST_SEED = 2**32 - 1
"""The largest `data_seed`: one word of NumPy's seed sequence, in which (2**32, 0) would equal the longer (0, 1, 0)."""


Part = tuple["RandomNumbers", int]
"""The random numbers of a part, which no other part uses, and the number of its examples."""


class Generated(Task):
    """A task with random examples. A subclass draws them in `problem`.

    A subclass declares the four fields below after its own fields. If this class declared them as dataclass fields,
    they would come before the subclass's own fields in tables.

    Attributes:
        generator: the version of the examples. It must change if a seed comes to give other examples.
        training: the number of training examples.
        validation: the number of validation examples.
        test: the number of test examples.
        data_seed: the seed of the examples, from 0 to LARGEST_SEED.
    """

    licence = "generated"
    generator: ClassVar[str]

    training: int
    validation: int
    test: int
    data_seed: int

    def __post_init__(self) -> None:
        for name in ("training", "validation", "test"):
            check_whole(name, getattr(self, name), 1)
        check_whole("data_seed", self.data_seed, 0, LARGEST_SEED)

    def checksums(self) -> Mapping[str, str]:
        """Return the version of the generator. With the fields of the task it determines the examples."""
        return {f"{self.name}/generator": self.generator}

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (there are no files)
        """Draw the examples. The examples of a part do not depend on the sizes of the other parts."""
        from tasks.blocks.random_numbers import RandomNumbers

        sizes = (self.training, self.validation, self.test)
        return self.problem(*((RandomNumbers(self.data_seed, part), count) for part, count in enumerate(sizes)))

    @abstractmethod
    def problem(self, *parts: Part) -> Problem:
        """Return the problem, with examples drawn from the three parts: training, validation and test."""
