"""Next-frame prediction of Bach's chorales: which of 88 keys sound next."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gatebench.task import Metric, Problem, Size, Task
from tasks.blocks.validation import check_whole
from tasks.music.piano_rolls import CHECKSUMS, KEYS, RollFile

FOLLOWED = (
    "the split of Boulanger-Lewandowski, Bengio & Vincent 2012, scored as Bai, Kolter & Koltun 2018 score it: every "
    "frame but a piece's first from those before it, Bernoulli negative log-likelihoods added over keys and frames and "
    "divided by the number of predicted frames. They train on one piece a step (training.batch_size=1); batches of "
    "several are allowed here, and the gradient is of the mean over their frames."
)


@dataclass(frozen=True)
class JsbChorales(Task):
    """Piano rolls, one frame a step, 88 zeros and ones: I 88. The next frame is predicted from all before it.

    stretch: cuts training pieces into sequences that predict at most so many frames, each begun with an empty memory;
    None keeps pieces whole. Validation and test pieces are always whole.
    """

    title = "JSB Chorales, next frame"
    metrics = (Metric("nll", "min", "nats/frame"), Metric("accuracy", "max"))
    chance = KEYS * math.log(2)  # every key with probability 1/2
    protocol = f"229 / 76 / 77 chorales a quarter note a frame, {FOLLOWED}"
    licence = "none stated; Boulanger-Lewandowski et al. 2012"
    rolls: ClassVar[RollFile] = RollFile("JSB_Chorales.mat", Size(229, 128, KEYS))

    stretch: int | None = None

    def __post_init__(self) -> None:
        if self.stretch is not None:
            check_whole("stretch", self.stretch, 1)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the one file."""
        return {self.rolls.name: CHECKSUMS[self.rolls.name]}

    def size(self) -> Size | None:
        """Return the number of training pieces and of frames in the longest, where they are known."""
        return self.rolls.size

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing is costly here)
        """Read the MATLAB file from `polymusic`, the publishing repository's folders or the root itself."""
        from functools import partial

        from torch import nn

        from tasks.blocks.every_step import EveryStep
        from tasks.music.next_frame import bernoulli, count_frames, frame_baselines, frame_scores

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
        )
