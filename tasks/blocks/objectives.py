"""Classification of whole sequences: head, loss, score, and the problem that its tasks share.

T time, B batch, H features, D directions, C classes.
"""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from gatebench.task import Batch, Problem, Split


class LastStep(nn.Module):
    """A linear layer on what each direction gives after its last step.

    Forward that is each sequence's last valid step; backward, the second half of a bidirectional output, the first one.
    """

    def __init__(self, features: int, directions: int = 1, *, classes: int) -> None:
        super().__init__()
        self.directions = directions
        self.linear = nn.Linear(features * directions, classes)

    def forward(self, output: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits (B, C) of an output (T, B, D · H) whose sequences have the lengths (B,), or all T."""
        logits: Tensor = self.linear(last_step(output, lengths, self.directions))
        return logits


def last_step(output: Tensor, lengths: Tensor | None, directions: int = 1) -> Tensor:
    """Return the (B, D · H) of (T, B, D · H) that each of the D directions gives last."""
    forward = output if directions == 1 else output.chunk(directions, -1)[0]
    if lengths is None:
        last = forward[-1]
    else:
        last = forward[(lengths - 1).to(output.device), torch.arange(output.shape[1], device=output.device)]
    return last if directions == 1 else torch.cat([last, output.chunk(directions, -1)[1][0]], -1)


def cross_entropy(logits: Tensor, batch: Batch) -> Tensor:
    """Return the mean cross-entropy, in nats, of logits (B, C) against the classes `batch.y` (B,)."""
    return functional.cross_entropy(logits, batch.y)


def count_correct(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return how many examples there are, and for how many the largest of the logits (B, C) is the class `batch.y`."""
    correct = (logits.argmax(-1) == batch.y).sum()
    return {"correct": correct, "examples": torch.full_like(correct, len(batch.y))}


def accuracy(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the accuracy, from 0 to 1, of added tallies of `count_correct`."""
    return {"accuracy": totals["correct"] / totals["examples"]}


def classification_problem(
    train: Split,
    val: Split,
    test: Split,
    *,
    input_size: int,
    steps: int,
    classes: int,
    encoder: nn.Module | None = None,
    baselines: Callable[[], dict[str, float]] = dict,
) -> Problem:
    """Return the problem of telling to which of so many classes a sequence belongs, once it is over.

    encoder: None where the splits give (T, B, I) floats. See `Problem` for the rest.
    """
    return Problem(
        train,
        val,
        test,
        input_size=input_size,
        steps=steps,
        encoder=nn.Identity() if encoder is None else encoder,
        head=partial(LastStep, classes=classes),
        loss=cross_entropy,
        tally=count_correct,
        scores=accuracy,
        baselines=baselines,
    )
