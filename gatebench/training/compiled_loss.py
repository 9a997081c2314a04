"""The loss of a batch: encoder, layers, head and loss, as plain calls or as a program of `torch.compile`.

`training.compile=true` compiles the whole computation of the loss once, for batches of any size and length. The network
keeps its parameters and their names: validation, test, gates, checkpoints and exports do not use the program.

Recurrent layers on the backends `fused` and `scan` are operators of the program. Layers on other backends run between
two parts of it, because torch would unroll their loops over the steps.
"""

import os
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gatebench.backends import fused, scan
from gatebench.backends.names import AUTO
from gatebench.errors import Refusal
from gatebench.machine.c_compiler import trouble
from gatebench.machine.cxx_compiler import compile_refusal
from gatebench.task import Batch, Problem
from gatebench.training.network import Network
from gatebench.training_settings import Training

LossOf = Callable[[Batch], Tensor]
"""The loss of a batch, a scalar."""

OPERATORS = (fused.NAME, scan.NAME)
"""The backends whose layers are operators of the program."""

COMPILER = "inductor"
"""The compiler of `torch.compile`."""


def make_loss(problem: Problem, network: Network, settings: Training) -> LossOf:
    """Return the function that computes the loss of a batch in training.

    Args:
        problem: the task.
        network: the network.
        settings: the settings of the training.
    """

    def loss(batch: Batch) -> Tensor:
        return problem.loss(network(batch, for_loss=True), batch)

    if not settings.compile:
        return loss
    if not _is_operator(settings):
        for stack in network.stacks.values():
            stack.forward = torch.compiler.disable(stack.forward)  # type: ignore[method-assign, no-untyped-call]
    return _compiled(loss, settings)


def check_compile(settings: Training, problem: Problem) -> None:
    """Check that the loss can be compiled if the settings ask for it.

    Args:
        settings: the settings of the training.
        problem: the task.

    Raises:
        Refusal: there is no C++ compiler, or a CUDA graph is asked for and the sequences differ in length.
    """
    if not settings.compile:
        return
    if sentence := compile_refusal():
        raise Refusal(sentence)
    check_one_shape(settings, problem)


def check_one_shape(settings: Training, problem: Problem) -> None:
    """Check that the sequences have one length if the settings ask for CUDA graphs.

    Args:
        settings: the settings of the training.
        problem: the task.

    Raises:
        Refusal: the sequences differ in length.
    """
    if settings.cuda_graphs and problem.train.lengths is not None:
        raise Refusal(
            "training.cuda_graphs=true needs batches of one shape, and the sequences of this task differ in length; "
            "leave it out."
        )


def _is_operator(settings: Training) -> bool:
    """Return whether the recurrent layers are operators of the program."""
    if settings.backend == AUTO:
        return settings.device == "cpu" and trouble(fused.NAME) is None
    return settings.backend in OPERATORS


def _compiled(loss: LossOf, settings: Training) -> LossOf:
    """Return the compiled function. It is compiled at its first call."""
    # A trial has the cores of `cpus_per_trial`; torch would take all of the machine.
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", str(torch.get_num_threads()))
    # Dropout draws from torch's generators, as without compilation.
    options: dict[str, Any] | None = {"fallback_random": True} if COMPILER == "inductor" else None
    if not settings.cuda_graphs:
        return torch.compile(loss, dynamic=True, backend=COMPILER, options=options)
    program = torch.compile(
        loss, dynamic=False, backend=COMPILER, options={**(options or {}), "triton.cudagraphs": True}
    )

    def step(batch: Batch) -> Tensor:
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        return program(batch).clone()  # the next step overwrites the results of a graph

    return step
