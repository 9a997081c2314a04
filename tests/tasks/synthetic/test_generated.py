import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gatebench.errors import UserError
from gatebench.task import Metric, Problem
from tasks.blocks.objectives import classification_problem
from tasks.blocks.splits import TensorSplit
from tasks.synthetic.adding import Adding
from tasks.synthetic.copying import Copying
from tasks.synthetic.generated import LARGEST_SEED, Generated, Part
from tasks.synthetic.parity import Parity
from tasks.synthetic.reber import Reber
from tasks.synthetic.selective_copying import SelectiveCopying
from tests.paths import ROOT
from tests.tasks.answers import everything

PINNED: list[tuple[Generated, str, str]] = [
    (Adding(length=6, training=20), "1", "bcab76f46b19e2932421860dbbc1657d08d00e489109167fc3124ca37d24818c"),
    (Copying(lag=6, training=20), "1", "e47b204a55d86c2146d7e1957e378e0348f2e61f55972f351b1dbf7233b6f3a4"),
    (Parity(training=20), "1", "22e1229813719d4128e0b9ac908f5627e7391e025ddc0822a8da1cce7911f22b"),
    (Reber(), "1", "310d425a0db8b13937b5cce2fa7cc22a1a4a04c2ed844729d80f541036c9d33f"),
    (Reber(stream=120, training=60), "1", "a1a8c6ce31901bcbdb7332bb3bb7832ccbe9bf525117f53786dd57006455fa8e"),
    (SelectiveCopying(length=20, training=20), "1", "4d54c8b42fdaec9f74082dd8ed83f50e606787cd02be8921cc10baa6a5aa7dd4"),
]
"""A task, the version of its generator, and the SHA-256 of its training examples."""


@pytest.mark.parametrize(("task", "version", "digest"), PINNED, ids=lambda value: getattr(value, "label", ""))
def test_the_examples_belong_to_the_version_of_the_generator(task: Generated, version: str, digest: str) -> None:
    """Other examples need another version, so that their results have another digest."""
    batch = everything(task.load(Path("unused")).train)
    found = hashlib.sha256(batch.x.numpy().tobytes() + batch.y.numpy().tobytes()).hexdigest()
    assert (task.checksums(), found) == ({f"{task.name}/generator": version}, digest)


def generated() -> Iterator[type[Generated]]:
    """All subclasses of `Generated` in `tasks/synthetic`."""
    for path in (ROOT / "tasks" / "synthetic").glob("*.py"):
        if "(Generated):" in path.read_text(encoding="utf-8"):
            found: list[Any] = list(vars(import_module(f"tasks.synthetic.{path.stem}")).values())
            yield from (kind for kind in found if isinstance(kind, type) and issubclass(kind, Generated))


def test_every_generator_is_pinned() -> None:
    assert {type(task) for task, *_ in PINNED} == set(generated()) - {Generated}


@dataclass(frozen=True)
class Numbers(Generated):
    """A minimal task."""

    title = "Numbers"
    metrics = (Metric("accuracy", "max"),)
    chance = 1.0
    protocol = "None."
    generator = "7"

    training: int = 5
    validation: int = 4
    test: int = 3
    data_seed: int = 0

    def problem(self, *parts: Part) -> Problem:
        splits = [
            TensorSplit(torch.from_numpy(d.uniform(n, 2, 1)), torch.zeros(n, dtype=torch.int64)) for d, n in parts
        ]
        return classification_problem(*splits, input_size=1, steps=2, classes=1)


def numbers(task: Numbers) -> list[Tensor]:
    problem = task.load(Path("unused"))
    return [everything(split).x for split in (problem.train, problem.val, problem.test)]


def flat(parts: list[Tensor]) -> list[float]:
    return [number for part in parts for number in part.flatten().tolist()]


def test_checksums_name_and_parameters() -> None:
    assert Numbers().checksums() == {"test_generated/generator": "7"}
    assert (Numbers().name, Numbers().licence) == ("test_generated", "generated")
    assert list(Numbers().parameters()) == ["training", "validation", "test", "data_seed"]


def test_parts_have_different_random_numbers() -> None:
    parts = numbers(Numbers())
    assert [part.shape[1] for part in parts] == [5, 4, 3]
    assert len(set(flat(parts))) == 24


def test_a_part_does_not_depend_on_the_sizes_of_the_others() -> None:
    small, large = numbers(Numbers()), numbers(Numbers(training=50))
    assert torch.equal(small[1], large[1])
    assert torch.equal(small[2], large[2])
    assert torch.equal(small[0], large[0][:, :5])


def test_seeds_have_different_examples() -> None:
    seeds = (0, 1, 2, LARGEST_SEED)
    drawn = [flat(numbers(Numbers(data_seed=seed))) for seed in seeds]
    assert len({number for numbers in drawn for number in numbers}) == 4 * 24
    assert flat(numbers(Numbers(data_seed=1))) == drawn[1]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"training": 0}, r"task\.training is 0; it must be a whole number of at least 1\."),
        ({"validation": 1.0}, r"task\.validation is 1\.0; .*"),
        ({"test": True}, r"task\.test is True; .*"),
        ({"data_seed": -1}, r"task\.data_seed is -1; it must be a whole number from 0 to 4294967295\."),
        ({"data_seed": LARGEST_SEED + 1}, r"task\.data_seed is 4294967296; .*"),
    ],
)
@pytest.mark.parametrize("task", [Numbers(), *(task for task, *_ in PINNED)], ids=lambda task: task.label)
def test_impossible_fields_are_refused(task: Generated, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        replace(task, **fields)
