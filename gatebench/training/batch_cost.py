"""The time and the memory that a training step of the trained network needs for one batch."""

import time
from dataclasses import replace
from statistics import median

import torch

from gatebench.nn.kept_memory import UNSEEN, kept_bytes
from gatebench.task import Batch
from gatebench.training.learner import Learner

TIMED_STEPS = 3
"""The number of steps of which the median time is taken."""

BYTES_OF_A_MEGABYTE = 1e6


def batch_cost(learner: Learner) -> dict[str, float]:
    """Return what a training step costs for the first validation examples, as many as a training batch has.

    Neither the weights nor their gradients are changed. Random numbers are drawn as in training, so the training must
    have ended.

    Returns:
        "memory/batch", the megabytes that the forward pass of the network keeps for its backward pass, without the
        weights and the batch, if autograd sees what the backend keeps; "seconds/batch", the seconds of a forward and a
        backward pass, without the optimiser.
    """
    batch = _first_batch(learner)
    was_training = learner.network.training
    learner.network.train()
    learner.network.draws.share = None  # masks and noise have the shape of this batch
    try:
        held = [batch.x, batch.y, *learner.network.parameters()]
        with torch.enable_grad():
            kept = kept_bytes(lambda: learner.problem.loss(learner.network(batch, for_loss=True), batch), held)
            seconds = median(_seconds(learner, batch) for _ in range(TIMED_STEPS))
    finally:
        learner.network.train(was_training)
    is_seen = not set(UNSEEN) & set(learner.network.backends_used)
    memory = {"memory/batch": kept / BYTES_OF_A_MEGABYTE} if is_seen else {}
    return {**memory, "seconds/batch": seconds}


def _first_batch(learner: Learner) -> Batch:
    split = learner.problem.val
    batch = split.batch(torch.arange(min(learner.trial.training.batch_size, len(split))))
    return replace(batch, x=batch.x.to(learner.device), y=batch.y.to(learner.device), continues=False)


def _seconds(learner: Learner, batch: Batch) -> float:
    """Return the seconds of a forward and a backward pass."""
    _wait(learner)
    began = time.perf_counter()
    loss = learner.problem.loss(learner.network(batch, for_loss=True), batch)
    weights = [weight for weight in learner.network.parameters() if weight.requires_grad]
    torch.autograd.grad(
        loss, weights, allow_unused=True
    )  # a task's module may have weights that one batch does not use
    _wait(learner)
    return time.perf_counter() - began


def _wait(learner: Learner) -> None:
    """Wait for the operations of a GPU, which run in the background."""
    if learner.device.type == "cuda":
        torch.cuda.synchronize(learner.device)
