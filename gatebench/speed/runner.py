"""How a contestant runs: a backend or torch's own module, made ready for a problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gatebench.backends import Workload, find
from gatebench.speed import module
from gatebench.speed.contest import TORCH
from gatebench.speed.measure import kept_bytes
from gatebench.speed.problem import Problem, Result


@dataclass(frozen=True)
class Steps:
    """What is ready to run: a training step, its forward half, and all that it computes.

    given: the tensors that are there before a step.
    """

    step: Callable[[], object]
    forward: Callable[[], object]
    result: Callable[[], Result]
    given: tuple[Tensor, ...]

    def kept(self) -> int:
        """Return how many bytes the forward pass keeps for the backward pass."""
        return kept_bytes(self.forward, self.given)


@dataclass(frozen=True)
class Runner:
    """refuses: why a problem cannot be run, with gates recorded or not, or None. ready: its steps, in float32."""

    refuses: Callable[[Problem, bool], str | None]
    ready: Callable[[Problem, bool], Steps]


def find_runner(name: str) -> Runner:
    """Return the runner that is called `name`: a backend's, or that of torch's own module."""
    if name == TORCH:
        return Runner(lambda problem, _: module.refuses(problem.cell), _module_steps)
    backend = find(name)

    def refuses(problem: Problem, trace: bool) -> str | None:
        return backend.refuses(problem.cell, Workload.of(problem.x, problem.shape.H, trace))

    return Runner(refuses, partial(_backend_steps, name))


def _backend_steps(name: str, problem: Problem, trace: bool) -> Steps:
    copy = problem.copy(torch.float32)
    given = (copy.x, *copy.start, *copy.weights.values())
    return Steps(
        partial(copy.step, name, trace), partial(copy.forward, name, trace), partial(copy.result, name, trace), given
    )


def _module_steps(problem: Problem, trace: bool) -> Steps:
    del trace
    own = module.Module(problem)
    return Steps(own.step, own.forward, own.result, own.given)
