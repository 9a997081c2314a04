"""What happens in a video of digits: what moves, where it moves to, or what changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import out_of_range
from gatebench.task import Example, Metric, Problem, Size, Task, batch_of_one
from tasks.blocks.validation import check_choice, check_whole
from tasks.images.digit_images import check_digit_size, check_digits, digit_checksums

if TYPE_CHECKING:
    from tasks.images.digit_images import DigitImages
    from tasks.video.action_split import ActionSplit

LARGEST_SEED = 2**32 - 1
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "where": ("up", "down", "left", "right", "up left", "up right", "down left", "down right"),
    "what": tuple("0123456789"),
    "change": ("nothing", "place", "larger", "smaller", "lighter", "darker", "another digit"),
}
"""{question: the names of the classes}"""


@dataclass(frozen=True)
class VideoActions(Task):
    """The class of a video, after its last frame.

    Attributes:
        ask: "where": the direction in which a digit moves; "what": which of two digits moves; "change": what changes
            of a digit, for example its size.
        frames: T, the number of frames.
        canvas: the number of rows and of columns of a frame.
        digit_size: the number of rows and of columns of a digit.
        filters: the number of filters of the first of two convolutions in front of the cell.
        training: the number of training videos.
        validation: the number of validation videos.
        test: the number of test videos.
        data_seed: the seed of the videos.
    """

    title = "Digits in a video, what happens"
    metrics = (Metric("accuracy", "max", low=0, high=1),)
    protocol = (
        "None is published. A digit of MNIST moves by one pixel a frame, in one of eight directions, and never leaves "
        "the frame; or its size or brightness changes from the first to the last frame; or it becomes another digit in "
        "the middle third. All classes are equally probable, and training, validation and test have different digits. "
        "Two convolutions on each frame are trained with the cell. The single frame is the one in the middle, and the "
        "frame difference is the last frame minus the first one; both are read by a logistic regression on at most "
        "2,000 training videos, reduced to at most 16 x 16 pixels."
    )
    licence = "CC BY-SA 3.0, as usually stated"
    generator = "1"
    """The version of the videos. It must change if a seed comes to give other videos."""

    ask: str = "change"
    frames: int = 10
    canvas: int = 32
    digit_size: int = 14
    filters: int = 8
    training: int = 5000
    validation: int = 500
    test: int = 1000
    data_seed: int = 0

    def __post_init__(self) -> None:
        check_choice("ask", self.ask, ANSWERS)
        check_digit_size(self.digit_size)
        check_whole("canvas", self.canvas, 8, 256)
        if self.canvas <= self.digit_size:
            raise out_of_range("task.canvas", self.canvas, f"more than task.digit_size={self.digit_size}")
        most = self.canvas - self.digit_size + 1
        check_whole("frames", self.frames, 2)
        if self.frames > most:
            raise out_of_range(
                "task.frames", self.frames, f"from 2 to {most}, so that a digit stays in task.canvas={self.canvas}"
            )
        check_whole("filters", self.filters, 1, 1024)
        for name in ("training", "validation", "test"):
            check_whole(name, getattr(self, name), 1)
        check_whole("data_seed", self.data_seed, 0, LARGEST_SEED)

    @property
    def chance(self) -> float:  # type: ignore[override]
        """The accuracy of a guess: all classes are equally probable, or as frequent as the digits."""
        return 1 / len(self.answers)

    @property
    def answers(self) -> tuple[str, ...]:
        """The classes of the question."""
        return ANSWERS[self.ask]

    def size(self) -> Size:
        """Return the number of training videos, T, and the number of features of a frame."""
        places = min(-(-self.canvas // 4), 8)
        return Size(self.training, self.frames, 2 * self.filters * places**2)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksums of the digits and the version of the generator."""
        return {**digit_checksums(), f"{self.name}/generator": self.generator}

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the files of MNIST exist."""
        check_digits(root)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the digits and draw the videos."""
        from tasks.blocks.objectives import classification_problem
        from tasks.images.digit_images import read_digits
        from tasks.video.frame_features import FrameFeatures
        from tasks.video.simple_video_classes import simple_accuracies

        counts = (self.training, self.validation, self.test)
        train, val, test = (
            self._split(part, digits, count)
            for part, (digits, count) in enumerate(zip(read_digits(root, self.digit_size), counts, strict=True))
        )
        encoder = FrameFeatures(self.canvas, self.canvas, 1, filters=self.filters)
        return classification_problem(
            train,
            val,
            test,
            input_size=encoder.features,
            steps=self.frames,
            classes=len(self.answers),
            encoder=encoder,
            baselines=lambda: simple_accuracies(train, test, (self.canvas, self.canvas, 1), len(self.answers)),
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a video of the test part."""
        from tasks.images.picture_view import frame_strip

        batch = batch_of_one(problem.test, number)
        return Example(batch, frame_strip(batch.inputs, self.canvas, self.canvas), self.answer(batch.y))

    def _split(self, part: int, digits: DigitImages, count: int) -> ActionSplit:
        """Return the videos of a part. They do not depend on the sizes of the other parts."""
        from tasks.blocks.random_numbers import RandomNumbers
        from tasks.video.action_split import ActionSplit
        from tasks.video.digit_actions import QUESTIONS, ClipSize

        make = QUESTIONS[self.ask]
        actions = make(RandomNumbers(self.data_seed, part), digits, count, ClipSize(self.frames, self.canvas))
        return ActionSplit(actions.videos, actions.labels)
