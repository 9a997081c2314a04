"""One cell at one shape: every backend that can run it, checked, then timed side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from gatebench.backends.native import kernel
from gatebench.spec import Cell
from gatebench.speed.agreement import disagreement, truth
from gatebench.speed.measure import interleaved, kept_bytes
from gatebench.speed.problem import Problem, Shape

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN, "rnn_relu": nn.RNN}
"""torch's modules, by the cell that they are."""

STANDARD = "torch"
"""The contestant that is torch's own module, where the cell has one."""


@dataclass(frozen=True)
class Row:
    """What was found for one backend.

    seconds: of one forward and backward pass, the median; None where there is no time to tell, and `sentence` says why.
    ratio: how many times faster than the first contestant. share: of the machine's GEMM peak. kept: bytes for backward.
    """

    cell: str
    shape: Shape
    backend: str
    threads: int
    seconds: float | None = None
    ratio: float | None = None
    share: float | None = None
    kept: int | None = None
    sentence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return asdict(self) | {"shape": asdict(self.shape)}


def contest(
    cell: Cell, shape: Shape, backends: Sequence[str], seconds: float, peak: float, *, trace: bool
) -> list[Row]:
    """Return a row for each backend, after torch's own module where there is one for the cell.

    Args:
        cell: the table.
        shape: the sizes.
        backends: by name.
        seconds: for how long the contestants take turns.
        peak: the machine's FLOP/s, see `gemm_peak`.
        trace: whether backends record their gates; torch's module cannot.
    """
    problem = Problem(cell, shape)
    reasons = {b: problem.refusal(b, trace) for b in backends}
    runnable = [b for b in backends if reasons[b] is None]
    if runnable:
        expected = truth(problem, trace)
        reasons |= {b: disagreement(problem, b, trace, expected) for b in runnable}
        del expected
    steps: dict[str, Callable[[], object]] = {}
    kept: dict[str, int] = {}
    if (standard := _standard(problem)) is not None:
        steps[STANDARD], kept[STANDARD] = standard
    copy = problem.copy(torch.float32)
    for backend in backends:
        if reasons[backend] is None:
            steps[backend] = partial(copy.step, backend, trace)
            given = (copy.x, *copy.state, *copy.weights.values())
            kept[backend] = kept_bytes(partial(copy.forward, backend, trace), given)
    times = dict(zip(steps, interleaved(list(steps.values()), seconds), strict=True)) if steps else {}
    first = next(iter(times.values()), 0.0)
    rows = []
    for backend in dict.fromkeys([*times, *backends]):
        row = Row(cell.name, problem.shape, backend, torch.get_num_threads(), sentence=reasons.get(backend) or "")
        if backend in times:
            taken = times[backend]
            row = Row(
                row.cell,
                row.shape,
                backend,
                row.threads,
                taken,
                first / taken,
                problem.flops / taken / peak,
                kept[backend],
            )
        rows.append(row)
    return rows


def _standard(problem: Problem) -> tuple[Callable[[], object], int] | None:
    """Return a training step of torch's own module for the cell and what it keeps; None where there is none."""
    found = kernel(problem.cell)
    if found is None:
        return None
    name = found.function.__name__
    options = {"nonlinearity": name.removeprefix("rnn_")} if name.startswith("rnn") else {}
    module = MODULES[name](problem.shape.I, problem.shape.H, **options)
    x = problem.x.clone().requires_grad_()

    def step() -> None:
        module(x)[0].backward(problem.incoming)
        for tensor in (x, *module.parameters()):
            tensor.grad = None

    return step, kept_bytes(lambda: module(x), (x, *module.parameters()))
