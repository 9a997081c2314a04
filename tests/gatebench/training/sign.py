"""A task that a small network learns in a second."""

from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import nn

from gatebench.task import Metric, Problem, Task
from gatebench.trial import Model, Training, Trial
from tasks.blocks.objectives import LastStep, accuracy, count_correct, cross_entropy
from tasks.blocks.splits import TensorSplit

LSTM = {"name": "lstm", "base": "lstm"}
TRIAL = Trial(
    LSTM,
    {"_target_": "tests.gatebench.training.sign.Sign"},
    Model(8),
    Training(max_epochs=4, learning_rate=0.03, backend="native"),
)


class Sign(Task):
    """Whether the sum of a sequence is positive."""

    title, licence, protocol = "the sign of a sum", "none", "none"
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("accuracy", "max"),)
    chance = 0.5
    scale: ClassVar[float] = 1.0

    def checksums(self) -> dict[str, str]:
        return {"made": "0"}

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(384, 6, 1, generator=generator) * self.scale
        y = (x.sum((1, 2)) > 0).long()
        train, val, test = (TensorSplit(x[a:b], y[a:b]) for a, b in ((0, 256), (256, 320), (320, 384)))
        head = partial(LastStep, classes=2)
        return Problem(train, val, test, 1, 6, nn.Identity(), head, cross_entropy, count_correct, accuracy)
