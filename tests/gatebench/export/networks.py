"""Untrained networks to export, without a task's data."""

from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor, nn

from gatebench.task import Batch, Problem
from gatebench.training.network import Network
from gatebench.trial import Model, Trial
from tests.launch.trials import trial

T, B, INPUTS, H, WORDS, CLASSES = 6, 3, 4, 5, 7, 2


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(encoder: nn.Module, head: nn.Module, cell: str = "lstm", inputs: int = INPUTS, **model: Any) -> Network:
    """Return a network with random weights of normal size, in evaluation mode."""
    parts = {"encoder": encoder, "head": lambda *sizes: head, "body": None}
    problem = cast(
        Problem, SimpleNamespace(**parts, input_size=inputs, steps=T, carries_state=False, reads_scores=False)
    )
    settings: Trial = trial(cell)
    settings = Trial(settings.cell, settings.task, Model(hidden_size=H, **model), settings.training, seed=1)
    made = Network(problem, settings)
    with torch.no_grad():
        for number, weight in enumerate(made.parameters()):
            weight.copy_(torch.randn(weight.shape, generator=generator(number)) / 2)
    return made.eval()


def floats(lengths: list[int] | None = None, steps: int = T, size: int = INPUTS) -> Batch:
    """Return a batch of vectors."""
    x = torch.randn(steps, B, size, generator=generator(99))
    return Batch(x, torch.zeros(B), None if lengths is None else torch.tensor(lengths))


def spelled(lengths: list[int]) -> Batch:
    """Return a batch of words with three numbers each."""
    x = torch.randint(0, WORDS, (max(lengths), B, 3), generator=generator(99), dtype=torch.int32)
    return Batch(x, torch.zeros(B), torch.tensor(lengths))


def words(lengths: list[int] | None = None, steps: int = T) -> Batch:
    """Return a batch of numbers of words."""
    x: Tensor = torch.randint(0, WORDS, (steps, B), generator=generator(99), dtype=torch.int32)
    return Batch(x, torch.zeros(B), None if lengths is None else torch.tensor(lengths))
