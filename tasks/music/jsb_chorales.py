"""Next-frame prediction of Bach's chorales: which of 88 keys sound in the next frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gatebench.task import Example, Metric, Problem, Size, Task, batch_of_one
from gatebench.views import PianoRoll
from tasks.blocks.validation import check_whole
from tasks.music.piano_rolls import CHECKSUMS, KEYS, LOWEST_NOTE, RollFile

PROTOCOL = (
    "the split of Boulanger-Lewandowski, Bengio & Vincent 2012, scored as in Bai, Kolter & Koltun 2018: every frame "
    "of a piece except the first is predicted from the earlier ones, and the Bernoulli negative log-likelihoods are "
    "added over keys and frames and divided by the number of predicted frames. They train on one piece at each step "
    "(training.batch_size=1); larger batches are allowed here, with the gradient of the mean over all their frames."
)


@dataclass(frozen=True)
class JsbChorales(Task):
    """Piano rolls: each step is a frame of 88 zeros and ones (I 88). The next frame is predicted from all earlier ones.

    Attributes:
        stretch: largest number of predicted frames of a training sequence. Longer training pieces are cut into several
            sequences, each of which starts with the initial state. None: pieces are not cut. Validation and test pieces
            are never cut.
    """

    title = "JSB Chorales, next frame"
    metrics = (
        Metric("nll", "min", "nats/frame", low=0),
        Metric("accuracy", "max", low=0, high=1),
    )
    chance = KEYS * math.log(2)  # every key with probability 1/2
    protocol = f"229 / 76 / 77 chorales, one frame for each quarter note, {PROTOCOL}"
    licence = "none stated; Boulanger-Lewandowski et al. 2012"
    rolls: ClassVar[RollFile] = RollFile("jsb_chorales", "JSB_Chorales.mat", Size(229, 128, KEYS))

    stretch: int | None = None

    def __post_init__(self) -> None:
        if self.stretch is not None:
            check_whole("stretch", self.stretch, 1)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the file."""
        return {self.rolls.name: CHECKSUMS[self.rolls.name]}

    def size(self) -> Size | None:
        """Return the number of training pieces and of frames in the longest one, if they are known; else None."""
        return self.rolls.size

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the MATLAB file exists."""
        self.rolls.path(root)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the MATLAB file from one of the folders `piano_rolls.FOLDERS` of the data root."""
        from functools import partial

        from torch import nn

        from tasks.blocks.every_step import EveryStep
        from tasks.music.next_frame import bernoulli, count_frames, frame_baselines, frame_scores, frames

        train, val, test = self.rolls.read(root, self.stretch)
        return Problem(
            train,
            val,
            test,
            input_size=KEYS,
            steps=train.steps,
            encoder=nn.Identity(),
            head=partial(EveryStep, outputs=KEYS, causal=True),
            loss=bernoulli,
            tally=count_frames,
            scores=frame_scores,
            baselines=partial(frame_baselines, train, test),
            targets=frames,
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test piece."""
        batch = batch_of_one(problem.test, number)
        return Example(batch, PianoRoll(batch.inputs > 0, LOWEST_NOTE))
