"""The files of a new cell or task: {name below the folder: content}. They work as they are."""

from collections.abc import Callable, Mapping

CELL = """\
# A cell of your own. `gatebench cells show NAME --config-dir FOLDER` prints its equations.
name: NAME
base: lstm  # a cell of `gatebench cells`
note: The input gate is the constant 1.
ablate:  # gate: {fix: 1}, {tie: "1 - i"}, {activate: relu}, {bias: 1} or {connect: {recurrent: off}}
  i: {fix: 1}
"""

CELL_TEST = """\
from pathlib import Path

import torch

from gatebench import Recurrent, load_cell

CELL = load_cell(Path(__file__).parent / "cell" / "NAME.yaml")


def test_the_cell_runs_and_learns() -> None:
    layer = Recurrent(CELL, input_size=3, hidden_size=4)
    output, _ = layer(torch.randn(5, 2, 3))
    assert output.shape == (5, 2, 4)
    output.sum().backward()
    assert all(weight.grad is not None for weight in layer.parameters())
"""

TASK = '''\
"""NAME: whether the sum of some random numbers is positive. Replace the numbers by your data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatebench.errors import out_of_range
from gatebench.task import Metric, Problem, Task


@dataclass(frozen=True)
class CLASS(Task):
    """Reads a number a step, and tells after the last step whether their sum is positive.

    Attributes:
        examples: the number of sequences, of which 80 % are for training, 10 % for validation and 10 % for the test.
        length: T, the number of steps.
    """

    title = "The sign of a sum"
    metrics = (Metric("accuracy", "max", low=0, high=1),)
    chance = 0.5
    protocol = "none"
    licence = "none"

    examples: int = 1000
    length: int = 12

    def __post_init__(self) -> None:
        if not isinstance(self.examples, int) or self.examples < 20:
            raise out_of_range("task.examples", self.examples, "a whole number of at least 20")

    def checksums(self) -> Mapping[str, str]:
        """Return a checksum of the data. Results with other data must have another one."""
        return {"NAME/generator": "1"}

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        """Draw the numbers."""
        import torch

        from tasks.blocks.objectives import classification_problem
        from tasks.blocks.splits import TensorSplit

        x = torch.randn(self.examples, self.length, 1, generator=torch.Generator().manual_seed(0))
        y = (x.sum((1, 2)) > 0).long()
        sizes = [self.examples - 2 * (self.examples // 10), self.examples // 10, self.examples // 10]
        train, val, test = (TensorSplit(*part) for part in zip(x.split(sizes), y.split(sizes), strict=True))
        return classification_problem(train, val, test, input_size=1, steps=self.length, classes=2)
'''

TASK_CONFIG = """\
# The sign of a sum of random numbers.
_target_: NAME.CLASS
name: NAME
examples: 1000  # the number of sequences
length: 12  # the number of steps
"""

TASK_TEST = """\
from pathlib import Path

import torch

from NAME import CLASS


def test_the_parts_have_the_announced_shapes() -> None:
    problem = CLASS(examples=50).load(Path())
    assert [len(split) for split in (problem.train, problem.val, problem.test)] == [40, 5, 5]
    batch = problem.train.batch(torch.arange(3))
    assert batch.x.shape == (problem.steps, 3, problem.input_size)
    assert problem.head(4, 1)(torch.zeros(problem.steps, 3, 4)).shape == (3, 2)
"""


def cell_files(name: str) -> Mapping[str, str]:
    """Return the files of a new cell."""
    return {f"cell/{name}.yaml": CELL.replace("NAME", name), f"test_{name}.py": CELL_TEST.replace("NAME", name)}


def task_files(name: str) -> Mapping[str, str]:
    """Return the files of a new task: its module, its config and its test."""
    kind = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    files = {f"{name}.py": TASK, f"task/{name}.yaml": TASK_CONFIG, f"test_{name}.py": TASK_TEST}
    return {path: text.replace("NAME", name).replace("CLASS", kind) for path, text in files.items()}


SKELETONS: Mapping[str, Callable[[str], Mapping[str, str]]] = {"cell": cell_files, "task": task_files}
"""{kind of thing: its files for a name}."""
