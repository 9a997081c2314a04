"""Answers to a task that a score must tell apart: a random one, a trivial baseline's, and that of one who knows."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gatebench.cells import build_cell
from gatebench.nn.recurrent import Recurrent
from gatebench.nn.recurrent_parts import RecurrentParts
from gatebench.task import Batch, Problem, Split
from tasks.detection.boxes import NOTHING, Regions
from tasks.video.frame_scores import frame_entropy

LSTM = build_cell({"base": "lstm"})


def first(split: Split, count: int) -> Batch:
    return split.batch(torch.arange(min(count, len(split))))


def everything(split: Split) -> Batch:
    return first(split, len(split))


def scores_of(problem: Problem, logits: Tensor, batch: Batch) -> dict[str, float]:
    return problem.scores({name: value.item() for name, value in problem.tally(logits, batch).items()})


def logits_of(problem: Problem, batch: Batch, seed: int = 0) -> Tensor:
    """Return random logits of the head's shape."""
    generator = torch.Generator().manual_seed(seed)
    steps, size = batch.x.shape[:2]
    if problem.body is not None:
        shape = body_of(problem)(problem.encoder(batch.x), batch).shape
    else:
        shape = problem.head(4, 1)(torch.zeros(steps, size, 4), batch.lengths).shape
    return torch.randn(shape, generator=generator)


def body_of(problem: Problem) -> nn.Module:
    """Return a small body of a problem that has one."""
    draws = torch.Generator().manual_seed(0)

    def make(input_size: int, bidirectional: bool) -> Recurrent:
        return Recurrent(LSTM, input_size, 4, bidirectional=bidirectional, generator=draws)

    assert problem.body is not None
    return problem.body(RecurrentParts(make, 4, 0.0, 1))


def ridge(problem: Problem) -> Callable[[Batch], Tensor]:
    """Return least squares on all values of an example at once, blind to their order in time: the trivial baseline."""
    batch = first(problem.train, 2000)
    classes = logits_of(problem, batch).shape[-1]

    def features(batch: Batch) -> Tensor:
        values = batch.x.transpose(0, 1).flatten(1).double()
        return torch.cat([values, torch.ones(len(values), 1)], 1)

    inputs, targets = features(batch), torch.nn.functional.one_hot(batch.y, classes).double()
    gram = inputs.T @ inputs + 10 * torch.eye(inputs.shape[1])
    weights = torch.linalg.solve(gram, inputs.T @ targets)
    return lambda batch: features(batch) @ weights


def oracle(batch: Batch, logits: Tensor) -> Tensor:
    """Return logits that are right and certain."""
    return 50.0 * torch.nn.functional.one_hot(batch.y, logits.shape[-1])


def frame_oracle(batch: Batch, logits: Tensor) -> Tensor:
    """Return logits of keys that are right and so certain that no nat is lost."""
    return 1000.0 * (2 * batch.y - 1)


def token_oracle(batch: Batch, logits: Tensor) -> Tensor:
    """Return logits of the next tokens that are right and so certain that no bit is lost."""
    return 1000.0 * torch.nn.functional.one_hot(batch.y.long(), logits.shape[-1])


def pixel_oracle(batch: Batch, logits: Tensor) -> Tensor:
    """Return logits of pixels whose probabilities are the true grey values."""
    return torch.logit(batch.y, eps=1e-6)


def entropy(batch: Batch) -> float:
    """Return the mean entropy in nats of a frame whose grey values are probabilities."""
    return frame_entropy(batch).mean().item()


def box_oracle(batch: Batch, logits: Tensor) -> Tensor:
    """Return logits of the true boxes, each emitted by the region in which its centre lies."""
    grid = len(batch.x)
    canvas = round((grid * batch.x.shape[2]) ** 0.5)
    regions = Regions(canvas, grid, logits.shape[1] // grid**2)
    answers = torch.zeros_like(logits)
    answers[..., 4] = -50
    owners = regions.region_of(batch.y[..., :4])
    for image, boxes in enumerate(batch.y):
        free = {region: regions.boxes * region for region in range(grid**2)}
        for number in (boxes[:, 4] != NOTHING).nonzero()[:, 0].tolist():
            place = free[int(owners[image, number])]
            free[int(owners[image, number])] += 1
            answers[image, place, :4] = regions.encoded(boxes[number : number + 1, :4], torch.tensor([place]))[0]
            answers[image, place, 4] = 50
            answers[image, place, 5 + int(boxes[number, 4])] = 50
    return answers


ORACLES: dict[str, tuple[Callable[[Batch, Tensor], Tensor], float | Callable[[Batch], float]]] = {
    "f1": (token_oracle, 1.0),
    "accuracy": (oracle, 1.0),
    "average_accuracy": (oracle, 1.0),
    "bits": (token_oracle, 0.0),
    "perplexity": (token_oracle, 1.0),
    "nll": (frame_oracle, 0.0),
    "cross_entropy": (pixel_oracle, entropy),
}  # headline: (what knows the answer, what it scores on a batch)
TASK_ORACLES: dict[str, tuple[Callable[[Batch, Tensor], Tensor], float]] = {"digit_detection": (box_oracle, 1.0)}
"""The same for tasks whose answers have a form of their own."""

UNDECIDED = {"bits", "nll", "perplexity", "cross_entropy"}
"""Headlines that punish wrong certainty: a blind guess leaves everything open."""
