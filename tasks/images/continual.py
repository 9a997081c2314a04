"""Continual learning: MNIST in parts, one after another. What is left of the first when the last has been learnt?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from gatebench.task import Metric, Problem, Size, Split, Stream, Task
from tasks.blocks.validation import check_choice, check_flag, check_held_out, check_whole
from tasks.images.idx_images import SHAPES, TRAINING_IMAGES
from tasks.images.sequential_mnist import MNIST

if TYPE_CHECKING:
    from torch import Tensor

SCENARIOS = ("permuted", "split")
PAIRS = 5  # of digits
MOST = 1000  # permutations, so that those of two seeds differ


@dataclass(frozen=True)
class Continual(Task):
    """A stream of experiences: MNIST's digits, scaled to [0, 1], a row or a pixel a step, for one head of ten classes.

    scenario: "permuted", all digits in each experience, with the pixels in another order each time; or "split", two
    digits an experience: 0 and 1, 2 and 3, and so on. experiences: how many. order: "row" (T 28, I 28; permuted pixels
    are cut into rows anew) or "pixel" (T 784, I 1). permutation_seed: fixes the orders. validation: how many of the
    official training images are held out, the first ones. limit: train on so many images an experience only; None for
    all. joint: learn all experiences at once, which is what one could reach that forgets nothing; the average accuracy
    is then that on all test images.

    `training.max_epochs` counts for each experience. Nothing is replayed.
    """

    title = "MNIST in parts, one after another"
    metrics = (Metric("average_accuracy", "max"), Metric("backward_transfer", "max"), Metric("forgetting", "min"))
    chance = 0.1  # one class of ten in every experience: which one it is, is not told
    protocol = (
        "Cossu, Carta, Lomonaco & Bacciu 2021: row by row, 10 permutations, or 5 pairs of digits with a single head. "
        "Departures: the best epoch of each experience by its own validation part is kept, the optimiser starts anew "
        "with each, and no experiences are set apart for choosing settings. Accuracy and backward transfer as "
        "Lopez-Paz & Ranzato 2017, forgetting as Chaudhry et al. 2018."
    )
    licence = "CC BY-SA 3.0, as usually stated"

    scenario: str = "permuted"
    experiences: int = 10
    order: str = "row"
    permutation_seed: int = 0
    validation: int = 5000
    limit: int | None = None
    joint: bool = False

    def __post_init__(self) -> None:
        check_choice("scenario", self.scenario, SCENARIOS)
        check_whole("experiences", self.experiences, 2, PAIRS if self.scenario == "split" else MOST)
        check_choice("order", self.order, SHAPES)
        check_whole("permutation_seed", self.permutation_seed, 0)
        check_held_out(self.validation, self.limit, TRAINING_IMAGES)
        check_flag("joint", self.joint)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksums of MNIST's four files as published; unpacked ones stand for the same data."""
        return MNIST.packed

    def size(self) -> Size | None:
        """Return how many images all experiences have, and how they are read; None where the digits decide it."""
        if self.scenario == "split":
            return None
        images = self.limit or TRAINING_IMAGES - self.validation
        return Size(images * self.experiences, *SHAPES[self.order])

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing is costly here)
        """Read MNIST's files as `SequentialMnist` does, and return a `Stream`, or a problem of all at once."""
        from tasks.images.permuted_split import JointSplit

        images, labels = MNIST.read(root, "train")
        held_out = self.validation
        parts = (
            self._splits(images[held_out:], labels[held_out:], self.limit),
            self._splits(images[:held_out], labels[:held_out], None),
            self._splits(*MNIST.read(root, "t10k"), None),
        )
        experiences = tuple(self._problem(*splits) for splits in zip(*parts, strict=True))
        together = self._problem(*map(JointSplit, parts))
        if self.joint:
            return replace(together, scores=_joint_scores)
        return Stream(**vars(replace(together, scores=_refuse)), experiences=experiences)

    def _splits(self, images: Tensor, labels: Tensor, limit: int | None) -> list[Split]:
        """Return a split for each experience, of the first `limit` images that belong to it."""
        import torch

        from tasks.blocks.shuffling import permutation
        from tasks.images.permuted_split import PermutedSplit

        pixels, steps = images.flatten(1), SHAPES[self.order][0]
        splits: list[Split] = []
        for number in range(self.experiences):
            if self.scenario == "permuted":
                order = torch.tensor(permutation(pixels.shape[1], self.permutation_seed * MOST + number))
                splits.append(PermutedSplit(pixels[:limit], labels[:limit], order, steps))
            else:
                own = (labels // 2 == number).nonzero()[:limit, 0]
                if not len(own):
                    raise UserError(f"There is no {2 * number} or {2 * number + 1} in a part of {len(labels)} images.")
                splits.append(PermutedSplit(pixels[own], labels[own], torch.arange(pixels.shape[1]), steps))
        return splits

    def _problem(self, train: Split, val: Split, test: Split) -> Problem:
        from tasks.blocks.objectives import classification_problem

        steps, input_size = SHAPES[self.order]
        return classification_problem(train, val, test, input_size=input_size, steps=steps, classes=10)


def _joint_scores(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the accuracy on all test images; where all is learnt at once, nothing is before or after."""
    average = totals["correct"] / totals["examples"]
    return {"average_accuracy": average, "backward_transfer": nan, "forgetting": nan}


def _refuse(_totals: Mapping[str, float]) -> dict[str, float]:
    raise UserError("A stream is learnt one experience after another; task.joint=true learns all of it at once.")
