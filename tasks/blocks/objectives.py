"""Classification of whole sequences: head, loss, score, and the problem that its tasks share.

T time, B batch, H hidden, D directions, C classes.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gatebench.module_export import OnnxNodes, PlainModule, plain_linear
from gatebench.task import Batch, Problem, Split


class LastStep(nn.Module):
    """A linear layer on the output of each direction at the end of its pass over the sequence.

    The forward direction ends at the last valid step of the sequence. The backward direction, which is the second half
    of a bidirectional output, ends at the first step.
    """

    def __init__(self, features: int, directions: int = 1, *, classes: int) -> None:
        super().__init__()
        self.directions = directions
        self.linear = nn.Linear(features * directions, classes)

    def forward(self, output: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits (B, C) of the recurrent output (T, B, D · H).

        Args:
            output: (T, B, D · H).
            lengths: (B,) valid steps of each sequence; None if all have T.
        """
        logits: Tensor = self.linear(last_step(output, lengths, self.directions))
        return logits

    def to_onnx(self, nodes: OnnxNodes, x: str, lengths: str | None) -> str:
        """See `gatebench.module_export.ExportableModule`."""
        own = self.linear.in_features // self.directions
        last, zero, axis = nodes.constant(np.array(-1)), nodes.constant(np.array(0)), nodes.constant(np.array([-1]))
        start, middle, end = (nodes.constant(np.array([number])) for number in (0, own, 2 * own))
        forward = x if self.directions == 1 else nodes.add("Slice", x, start, middle, axis)
        if lengths is None:
            final = nodes.add("Gather", forward, last, axis=0)
        else:
            places = nodes.add("Unsqueeze", nodes.add("Add", lengths, last), nodes.constant(np.array([1])))
            final = nodes.add("GatherND", nodes.add("Transpose", forward, perm=[1, 0, 2]), places, batch_dims=1)
        if self.directions > 1:
            backward = nodes.add("Gather", nodes.add("Slice", x, middle, end, axis), zero, axis=0)
            final = nodes.add("Concat", final, backward, axis=-1)
        return nodes.linear(final, self.linear.weight, self.linear.bias)

    def to_plain(self) -> PlainModule:
        """See `gatebench.module_export.ExportableModule`."""
        expression = f"{{self}}linear(last_step({{x}}, lengths, {self.directions}))"
        return plain_linear(self.linear, expression, (last_step,))


def last_step(output: Tensor, lengths: Tensor | None, directions: int = 1) -> Tensor:
    """Return the output (B, D · H) of each direction at the end of its pass, from all outputs (T, B, D · H)."""
    forward = output if directions == 1 else output.chunk(directions, -1)[0]
    if lengths is None:
        last = forward[-1]
    else:
        last_steps = (lengths - 1).to(output.device, non_blocking=True)
        last = forward[last_steps, torch.arange(output.shape[1], device=output.device)]
    return last if directions == 1 else torch.cat([last, output.chunk(directions, -1)[1][0]], -1)


def cross_entropy(logits: Tensor, batch: Batch) -> Tensor:
    """Return the mean cross-entropy, in nats, of logits (B, C) against the classes `batch.y` (B,)."""
    return functional.cross_entropy(logits, batch.y)


def count_correct(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the number of examples, and of those whose largest logit (B, C) is that of the class `batch.y` (B,)."""
    correct = (logits.argmax(-1) == batch.y).sum()
    return {"correct": correct, "examples": torch.full_like(correct, len(batch.y))}


def accuracy(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the accuracy, from 0 to 1, from the sums of the tallies of `count_correct`."""
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
    """Return the problem of classifying a sequence after its last step.

    Args:
        train: the training split.
        val: the validation split.
        test: the test split.
        input_size: I, the size of the encoder's output at a step.
        steps: the largest number of steps T.
        classes: C.
        encoder: maps `Batch.x` to (T, B, I) floats; None if `Batch.x` already is that.
        baselines: see `Problem`.
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
