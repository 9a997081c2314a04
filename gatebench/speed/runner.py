"""From the name of a runner to a training step that is ready to run: on a backend, or by torch's own module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gatebench.backends.contract import Workload
from gatebench.backends.registry import find
from gatebench.nn.kept_memory import kept_bytes
from gatebench.speed import torch_module
from gatebench.speed.benchmark import TORCH
from gatebench.speed.layer_case import LayerCase, StepResult


@dataclass(frozen=True)
class PreparedStep:
    """A training step that is ready to run, in float32.

    Attributes:
        run: runs the training step: forward and backward.
        forward: runs its forward part only.
        result: runs it, and returns all of its results.
        inputs: the tensors that exist before the step: x, weights and states.
    """

    run: Callable[[], object]
    forward: Callable[[], object]
    result: Callable[[], StepResult]
    inputs: tuple[Tensor, ...]

    def kept_bytes(self) -> int:
        """Return the number of bytes that autograd keeps between forward and backward."""
        return kept_bytes(self.forward, self.inputs)


@dataclass(frozen=True)
class Runner:
    """A way to run training steps.

    Attributes:
        refuses: takes a case and whether gates are recorded; returns why it cannot run, or None if it can.
        prepare: takes the same; returns the training step.
    """

    refuses: Callable[[LayerCase, bool], str | None]
    prepare: Callable[[LayerCase, bool], PreparedStep]


def find_runner(name: str) -> Runner:
    """Return the runner of a backend, or of torch's own module if `name` is `TORCH`.

    Raises:
        UserError: there is no backend with this name.
    """
    if name == TORCH:
        return Runner(lambda case, _: torch_module.refuses(case.cell), _prepare_module)
    backend = find(name)

    def refuses(case: LayerCase, trace: bool) -> str | None:
        return backend.refuses(case.cell, Workload.of(case.x, case.shape.H, trace))

    return Runner(refuses, partial(_prepare_backend, name))


def _prepare_backend(name: str, case: LayerCase, trace: bool) -> PreparedStep:
    typed = case.to(torch.float32)
    return PreparedStep(
        run=partial(typed.training_step, name, trace),
        forward=partial(typed.forward, name, trace),
        result=partial(typed.result, name, trace),
        inputs=(typed.x, *typed.constant_state, *typed.weights.values()),
    )


def _prepare_module(case: LayerCase, trace: bool) -> PreparedStep:
    """Return the training step of torch's module, which cannot record gates."""
    del trace
    module = torch_module.TorchModule(case)
    return PreparedStep(module.training_step, module.forward, module.result, module.inputs)
