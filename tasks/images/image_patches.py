"""Images in patches: cells sweep over the rows and the columns of an image in four directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.own_input import OwnInput
from gatebench.task import Example, Metric, Problem, Task, batch_of_one
from tasks.blocks.validation import check_choice, check_choice_of_numbers, check_whole
from tasks.images.sequential_cifar10 import SequentialCifar10
from tasks.images.sequential_mnist import SequentialMnist

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gatebench.task import Batch
    from gatebench.views import Picture
    from tasks.blocks.splits import TensorSplit

SOURCES: Mapping[str, type[SequentialMnist | SequentialCifar10]] = {
    "mnist": SequentialMnist,
    "cifar10": SequentialCifar10,
}
SHAPES = {"mnist": (28, 1), "cifar10": (32, 3)}
"""{data set: (rows and columns of pixels, channels)}"""


@dataclass(frozen=True)
class ImagePatches(Task):
    """The class of an image, whose patches are read down and up each column, and then along each row.

    R rows and C columns of patches.

    Attributes:
        dataset: "mnist" or "cifar10".
        patch: the number of rows and of columns of pixels of a patch. It divides those of the image.
        filters: the number of filters of a 3 x 3 convolution in front of the patches; 0: none.
        sweeps: the number of times that all columns and then all rows are read.
        validation: the number of official training images that are held out for validation. The first ones are taken.
        limit: the number of the remaining images that are used for training. The first ones are taken; None for all.
    """

    title = "Images in patches, in four directions"
    metrics = (Metric("accuracy", "max", low=0, high=1),)
    protocol = (
        "ReNet (Visin et al. 2015): a pass over all columns of patches and a pass over all rows, each in both "
        "directions with model.bidirectional=true, and a classifier on the outputs at all places. Departures: one pair "
        "of passes by default, and no fully connected layer between; later passes read single outputs, not patches of "
        "them; the images are not augmented. The logistic regression sees at most 5,000 training images, reduced to at "
        "most 16 x 16 pixels."
    )

    dataset: str = "mnist"
    patch: int = 4
    filters: int = 0
    sweeps: int = 1
    validation: int = 5000
    limit: int | None = None

    def __post_init__(self) -> None:
        check_choice("dataset", self.dataset, SOURCES)
        side = SHAPES[self.dataset][0]
        check_choice_of_numbers("patch", self.patch, [n for n in range(1, side // 2 + 1) if side % n == 0])
        check_whole("filters", self.filters, 0, 1024)
        check_whole("sweeps", self.sweeps, 1, 8)
        self.source  # noqa: B018  (it checks the other fields)

    @cached_property
    def source(self) -> SequentialMnist | SequentialCifar10:
        """The task that reads the same images row by row."""
        return SOURCES[self.dataset](order="row", validation=self.validation, limit=self.limit)

    @property
    def chance(self) -> float:  # type: ignore[override]
        """The accuracy of the most frequent class in training."""
        return self.source.chance

    @property
    def licence(self) -> str:  # type: ignore[override]
        """The licence of the data set."""
        return self.source.licence

    @property
    def answers(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.source.answers

    def checksums(self) -> Mapping[str, str]:
        """Return the checksums of the published files."""
        return self.source.checksums()

    def check_files(self, root: Path, cache: Path | None = None) -> None:
        """Check that the files exist."""
        self.source.check_files(root, cache)

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        """Read the images. A step of `Batch.x` has the pixels of a row of patches."""
        from functools import partial

        from tasks.blocks.majority import majority
        from tasks.blocks.no_head import no_head
        from tasks.blocks.objectives import accuracy, count_correct, cross_entropy
        from tasks.images.linear_images import linear_image_accuracy
        from tasks.images.patch_sweeps import Patches, PatchSweeps

        read = self.source.load(root, cache)
        train, val, test = (self._joined_rows(split) for split in (read.train, read.val, read.test))
        side, channels = SHAPES[self.dataset]
        places, classes = side // self.patch, len(self.answers)
        encoder = Patches(side, channels, patch=self.patch, filters=self.filters)
        body = partial(
            PatchSweeps,
            features=encoder.features,
            columns=places,
            rows=places,
            sweeps=self.sweeps,
            classes=classes,
        )
        return Problem(
            train,
            val,
            test,
            input_size=places * encoder.features,
            steps=places,
            encoder=encoder,
            head=partial(no_head, task="image_patches"),
            body=body,
            loss=cross_entropy,
            tally=count_correct,
            scores=accuracy,
            baselines=lambda: {
                "majority": majority(train, test),
                "logistic regression": linear_image_accuracy(train, test, (side, side, channels), classes),
            },
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test image."""
        return self._example(batch := batch_of_one(problem.test, number), self.answer(batch.y))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:
        """Return a user's image file as an example of MNIST.

        Raises:
            UserError: it is no image, or the images of the task are those of CIFAR-10.
        """
        if self.dataset != "mnist":
            return super().own_example(problem, given, root, cache)
        read = self.source.own_example(problem, given, root, cache)
        batch = replace(read.batch, x=read.batch.x.reshape(problem.steps, 1, -1))
        return replace(self._example(batch, ""), notes=read.notes)

    def _joined_rows(self, split: Any) -> TensorSplit:
        """Return a split of images (N, rows of pixels, I) with the pixels of a row of patches at each step."""
        joined: TensorSplit = replace(split, x=split.x.reshape(len(split), split.x.shape[1] // self.patch, -1))
        return joined

    def _example(self, batch: Batch, answer: str) -> Example:
        """Return an example. Of the columns and of the rows of patches, the one in the middle is shown."""
        side = SHAPES[self.dataset][0]
        middle = side // self.patch // 2
        places = self._places()
        views = {"vertical": places[:, middle], "horizontal": places[middle]}
        whole = self._picture(batch, places.reshape(len(places), -1))
        names = {
            name: kind
            for kind in views
            for name in (kind, *(f"{kind} {number}" for number in range(2, self.sweeps + 1)))
        }
        return Example(
            batch,
            whole,
            answer,
            part_views={name: replace(whole, places=views[kind]) for name, kind in names.items()},
            part_sequences=dict.fromkeys(names, middle),
        )

    def _picture(self, batch: Batch, places: NDArray[np.int64]) -> Picture:
        """Return the image of a batch of one."""
        from tasks.images.picture_view import picture, read_places

        side, channels = SHAPES[self.dataset]
        in_order = read_places(side, side, side * self.patch)
        return replace(picture(batch.inputs, in_order, side, side, channels), places=places)

    def _places(self) -> NDArray[np.int64]:
        """Return the numbers of the pixels of each patch, (R, C, pixels)."""
        import numpy as np

        side = SHAPES[self.dataset][0]
        cut = np.arange(side * side).reshape(side // self.patch, self.patch, side // self.patch, self.patch)
        return cut.swapaxes(1, 2).reshape(side // self.patch, side // self.patch, -1)
