"""How a contestant runs: a backend or torch's own module, made ready for a problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gatebench.backends.contract import Workload
from gatebench.backends.registry import find
from gatebench.speed import torch_module
from gatebench.speed.benchmark import TORCH
from gatebench.speed.layer_step import LayerCase, StepResult
from gatebench.speed.measure import kept_bytes


@dataclass(frozen=True)
class Steps:
    """What is ready to run: a training step, its forward half, and all that it computes.

    given: the tensors that are there before a step.
    """

    step: Callable[[], object]
    forward: Callable[[], object]
    result: Callable[[], StepResult]
    given: tuple[Tensor, ...]

    def kept(self) -> int:
        """Return how many bytes the forward pass keeps for the backward pass."""
        return kept_bytes(self.forward, self.given)


@dataclass(frozen=True)
class Runner:
    """refuses: why a problem cannot be run, with gates recorded or not, or None. ready: its steps, in float32."""

    refuses: Callable[[LayerCase, bool], str | None]
    ready: Callable[[LayerCase, bool], Steps]


def find_runner(name: str) -> Runner:
    """Return the runner that is called `name`: a backend's, or that of torch's own module."""
    if name == TORCH:
        return Runner(lambda problem, _: torch_module.refuses(problem.cell), _module_steps)
    backend = find(name)

    def refuses(problem: LayerCase, trace: bool) -> str | None:
        return backend.refuses(problem.cell, Workload.of(problem.x, problem.shape.H, trace))

    return Runner(refuses, partial(_backend_steps, name))


def _backend_steps(name: str, problem: LayerCase, trace: bool) -> Steps:
    copy = problem.copy(torch.float32)
    given = (copy.x, *copy.start, *copy.weights.values())
    return Steps(
        partial(copy.step, name, trace), partial(copy.forward, name, trace), partial(copy.result, name, trace), given
    )


def _module_steps(problem: LayerCase, trace: bool) -> Steps:
    del trace
    own = torch_module.TorchModule(problem)
    return Steps(own.step, own.forward, own.result, own.given)
