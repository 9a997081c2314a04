"""The user's clips: a folder with a folder for each class, which holds a folder of frames for each clip."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.task import Example, Problem, batch_of_one
from tasks.blocks.class_folder_task import ClassFolderTask
from tasks.blocks.validation import check_flag, check_whole
from tasks.data.class_folder import ClassFile, folder_digest, list_class_files
from tasks.video.clips import Clip, clips_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_SIDE = 1024
FORMAT = 1
"""The version of the cache entries. It must be raised if the same fields come to mean other pixels."""


@dataclass(frozen=True)
class VideoFolder(ClassFolderTask):
    """The user's clips, scaled to [0, 1], read frame by frame. R rows, C columns, K channels.

    A class folder holds a folder for each clip, with its frames as PNG or JPEG files. See `ClassFolderTask` for the
    other parameters; an example is a clip.

    Attributes:
        frames: the largest number of frames that are read of a clip, at even distances. A shorter clip has fewer steps.
        side: the number of rows and of columns to which each frame is resized, whatever its shape; None: all frames
            have one size already.
        greyscale: whether the brightness of a pixel (K 1) replaces its three colours (K 3).
        filters: the number of filters of the first of two convolutions in front of the cell.
    """

    title = "Clips of the user"
    protocol = (
        "None is published. The parts are the user's, or a seed draws 70 % for training, 10 % for validation and 20 % "
        "for test, with about the same share of each class. Equal clips are in one part. With task.group, no group is "
        "in two parts; without it, clips of one person or place can be in two parts. Two convolutions on each frame "
        "are trained with the cell. The single frame is the one in the middle, and the frame difference is the last "
        "frame minus the first one; both are read by a logistic regression on at most 2,000 training clips, reduced to "
        "at most 16 x 16 pixels."
    )
    suffixes = (".png", ".jpg", ".jpeg")
    kind = "an image"

    frames: int = 16
    side: int | None = None
    greyscale: bool = False
    filters: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("frames", self.frames, 2, 10_000)
        if self.side is not None:
            check_whole("side", self.side, 1, MOST_SIDE)
        check_flag("greyscale", self.greyscale)
        check_whole("filters", self.filters, 1, 1024)

    @cached_property
    def files(self) -> tuple[ClassFile, ...]:
        """The frames of all clips."""
        return list_class_files(self._path(), self.suffixes, self.kind, in_clips=True)

    @cached_property
    def clips(self) -> tuple[Clip, ...]:
        """The clips in ascending order of their names."""
        return clips_of(self.files)

    @property
    def examples(self) -> tuple[ClassFile, ...]:
        """The folders of the clips."""
        return tuple(clip.folder for clip in self.clips)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (the path is the user's)
        """Read the frames from the cache or from the folder, and split the clips.

        Raises:
            UserError: a file is no image, the frames differ in size, a clip has one frame, or a part has no clip.
        """
        from hashlib import blake2b

        import torch

        from tasks.blocks.objectives import classification_problem
        from tasks.video.clip_split import ClipSplit
        from tasks.video.frame_features import FrameFeatures
        from tasks.video.simple_video_classes import simple_accuracies

        images = self._images(cache)
        lengths = torch.tensor([len(clip.chosen(self.frames)) for clip in self.clips])
        starts = lengths.cumsum(0) - lengths
        ends = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        parts = self.parts([blake2b(images[start:end].tobytes(), digest_size=16).digest() for start, end in ends])
        rows, columns, channels = images.shape[1:]
        values, labels = torch.from_numpy(images).flatten(1), self.labels()
        train, val, test = (ClipSplit(values, starts[part], lengths[part], labels[part]) for part in parts)
        encoder = FrameFeatures(rows, columns, channels, filters=self.filters)
        return classification_problem(
            train,
            val,
            test,
            input_size=encoder.features,
            steps=int(lengths.max()),
            classes=len(self.answers),
            encoder=encoder,
            baselines=lambda: simple_accuracies(train, test, (rows, columns, channels), len(self.answers)),
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a clip of the test part."""
        from tasks.images.image_files import read_images
        from tasks.images.picture_view import frame_strip

        batch = batch_of_one(problem.test, number)
        rows, columns, channels = read_images(self.files[:1], self.side, self.greyscale).shape[1:]
        return Example(batch, frame_strip(batch.inputs, rows, columns, channels), self.answer(batch.y))

    def _images(self, cache: Path | None) -> NDArray[np.uint8]:
        """Return the chosen frames of all clips and an empty one (S + 1, R, C, K), from the cache or from the files."""
        from tasks.data.array_cache import memory_mapped_arrays

        origin = {
            "format": FORMAT,
            "files": folder_digest(self.files),
            "frames": self.frames,
            "side": self.side,
            "greyscale": self.greyscale,
            "libraries": {"pillow": version("pillow")},
        }
        return memory_mapped_arrays(cache, "video_folder", origin, lambda: {"frames": self._read()})["frames"]

    def _read(self) -> NDArray[np.uint8]:
        """Return the chosen frames and an empty one, the padding, from the files."""
        import numpy as np

        from tasks.images.image_files import read_images

        chosen = [file for clip in self.clips for file in clip.chosen(self.frames)]
        images = read_images(chosen, self.side, self.greyscale)
        return np.concatenate([images, np.zeros_like(images[:1])])
