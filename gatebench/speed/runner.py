"""From the name of a runner to a training step that is ready to run: on a backend, by torch's own module, or in JAX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from gatebench.backends.contract import Workload
from gatebench.backends.registry import find
from gatebench.nn.kept_memory import kept_bytes
from gatebench.nn.low_precision import KEEPS_STATES
from gatebench.speed import torch_module
from gatebench.speed.benchmark import JAX, TORCH
from gatebench.speed.jax_step import JaxStep
from gatebench.speed.jax_support import bind_to_cores, jax_trouble
from gatebench.speed.layer_case import LayerCase, StepResult
from gatebench.training_settings import FULL_PRECISION


@dataclass(frozen=True)
class PreparedStep:
    """A training step that is ready to run, with x and weights in float32.

    Attributes:
        run: runs the training step: forward and backward.
        result: runs it, and returns all of its results.
        forward: runs its forward part only under torch's autograd; None (default) if torch's autograd is not used.
        inputs: the tensors that exist before the step: x, weights and states; default none.
        compile_seconds: the seconds that it took to compile the step for this shape; None (default) if it is not.
    """

    run: Callable[[], object]
    result: Callable[[], StepResult]
    forward: Callable[[], object] | None = None
    inputs: tuple[Tensor, ...] = ()
    compile_seconds: float | None = None

    def kept_bytes(self) -> int | None:
        """Return the number of bytes that torch's autograd keeps between forward and backward; None without it."""
        return None if self.forward is None else kept_bytes(self.forward, self.inputs)


@dataclass(frozen=True)
class Runner:
    """A way to run training steps.

    Attributes:
        refuses: takes a case and whether gates are recorded; returns why it cannot run, or None if it can.
        prepare: takes the same; returns the training step.
        limit_threads: limits the threads of this process; default: torch's own setting.
        only_in_workers: whether it runs in separate processes only, which then compare it with the reference
            themselves; default False.
    """

    refuses: Callable[[LayerCase, bool], str | None]
    prepare: Callable[[LayerCase, bool], PreparedStep]
    limit_threads: Callable[[int], None] = torch.set_num_threads
    only_in_workers: bool = False


def find_runner(name: str, precision: str = FULL_PRECISION) -> Runner:
    """Return the runner of a backend, of torch's own module if `name` is `TORCH`, or of JAX if it is `JAX`.

    Args:
        name: the name.
        precision: an item of `PRECISIONS`, for a backend.

    Raises:
        UserError: there is no backend with this name.
    """
    if name == TORCH:
        return Runner(lambda case, _: torch_module.refuses(case.cell), _prepare_module)
    if name == JAX:
        return Runner(lambda *_: jax_trouble(), _prepare_jax, _limit_all_threads, only_in_workers=True)
    backend = find(name)

    products = None if precision == FULL_PRECISION else torch.bfloat16

    def refuses(case: LayerCase, trace: bool) -> str | None:
        work = Workload.of(case.x, case.shape.H, trace)
        if products is None:
            return backend.refuses(case.cell, work)
        if name not in KEEPS_STATES:
            return f"{name} has no matrix products in bfloat16: with {precision} it computes in float32."
        return backend.refuses(case.cell, replace(work, products="bfloat16"))

    return Runner(refuses, partial(_prepare_backend, name, products))


def _prepare_backend(name: str, products: torch.dtype | None, case: LayerCase, trace: bool) -> PreparedStep:
    typed = case.to(torch.float32, products)
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
    return PreparedStep(module.training_step, module.result, module.forward, module.inputs)


def _prepare_jax(case: LayerCase, trace: bool) -> PreparedStep:
    """Return the training step in JAX, which does not record gates."""
    del trace
    step = JaxStep(case)
    return PreparedStep(step.run, step.result, compile_seconds=step.compile_seconds)


def _limit_all_threads(threads: int) -> None:
    """Limit torch's threads and those of JAX."""
    bind_to_cores(threads)
    torch.set_num_threads(threads)
