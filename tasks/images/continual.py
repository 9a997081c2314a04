"""Continual learning: one network is trained on several versions or parts of MNIST, one after another."""

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
PAIRS_OF_DIGITS = 5
MAX_PERMUTATIONS = 1000  # the permutations of two seeds differ, because each seed has its own range of this size


@dataclass(frozen=True)
class Continual(Task):
    """A stream of experiences on the digits of MNIST, scaled to [0, 1], with one head of ten classes.

    `training.max_epochs` is the number of epochs of each experience. No examples of earlier experiences are replayed.

    Attributes:
        scenario: "permuted": each experience has all digits, with its own permutation of the pixels. "split": each
            experience has two digits: 0 and 1, 2 and 3, and so on.
        experiences: number of experiences, at least 2; at most 5 if the scenario is "split".
        order: "row" for 28 pixels at each step (T 28, I 28), or "pixel" for one pixel at each step (T 784, I 1). The
            pixels are permuted before they are cut into rows.
        permutation_seed: seed of the permutations.
        validation: number of official training images that are held out for validation. The first ones are taken.
        limit: number of training images of each experience; None for all.
        joint: whether all experiences are trained on together, which is an upper bound for methods that forget. The
            average accuracy is then the accuracy on all test images.
    """

    title = "MNIST in parts, one after another"
    metrics = (
        Metric("average_accuracy", "max", low=0, high=1),
        Metric("backward_transfer", "max", low=-1, high=1),
        Metric("forgetting", "min", low=-1, high=1),
    )
    table_metrics = ("average_accuracy", "forgetting")
    chance = 0.1  # one class of ten in every experience, because the network is not told which experience it is
    protocol = (
        "Cossu, Carta, Lomonaco & Bacciu 2021: row by row, 10 permutations, or 5 pairs of digits with a single head. "
        "Departures: the best epoch of each experience on its own validation part is kept, the optimiser is reset "
        "for each experience, and no experiences are reserved for the choice of settings. Accuracy and backward "
        "transfer as Lopez-Paz & Ranzato 2017, forgetting as Chaudhry et al. 2018."
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
        check_whole(
            "experiences", self.experiences, 2, PAIRS_OF_DIGITS if self.scenario == "split" else MAX_PERMUTATIONS
        )
        check_choice("order", self.order, SHAPES)
        check_whole("permutation_seed", self.permutation_seed, 0)
        check_held_out(self.validation, self.limit, TRAINING_IMAGES)
        check_flag("joint", self.joint)

    @property
    def is_stream(self) -> bool:
        """Whether the experiences are learnt one after another."""
        return not self.joint

    def checksums(self) -> Mapping[str, str]:
        """Return the checksums of the four published files of MNIST; the decompressed files hold the same data."""
        return MNIST.packed

    def size(self) -> Size | None:
        """Return the number of training images of all experiences, T and I; None if it depends on the digits."""
        if self.scenario == "split":
            return None
        images = self.limit or TRAINING_IMAGES - self.validation
        return Size(images * self.experiences, *SHAPES[self.order])

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the four files of MNIST exist."""
        MNIST.check(root)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the files of MNIST and return a `Stream`, or a `Problem` with all experiences if `joint`."""
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
        """Return a split for each experience with the first `limit` of its images."""
        import torch

        from tasks.blocks.shuffling import permutation
        from tasks.images.permuted_split import PermutedSplit

        pixels, steps = images.flatten(1), SHAPES[self.order][0]
        splits: list[Split] = []
        for number in range(self.experiences):
            if self.scenario == "permuted":
                order = torch.tensor(permutation(pixels.shape[1], self.permutation_seed * MAX_PERMUTATIONS + number))
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
    """Return the accuracy on all test images. The other metrics are undefined, because there is only one training."""
    average = totals["correct"] / totals["examples"]
    return {"average_accuracy": average, "backward_transfer": nan, "forgetting": nan}


def _refuse(_totals: Mapping[str, float]) -> dict[str, float]:
    raise UserError(
        "A stream is trained on one experience after another; task.joint=true trains on all of them together."
    )
