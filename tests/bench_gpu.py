"""Times the backend `triton` on a GPU beside others: `make bench-gpu`. First their results must agree.

A training step is forward and backward, with the gradients of the input and of all weights. The candidates:

- triton: this project's kernels;
- native: cuDNN, for cells with its equations;
- manual: the derived backward program in torch operations;
- reference: the eager loop under autograd;
- compiled step: the eager loop with one step compiled by `torch.compile`.

Results are compared with `reference` in float64 before anything is timed. The repetitions of the candidates are
interleaved, and the times are medians. torch's products are exact float32, as the default is.
"""

from __future__ import annotations

import functools
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gatebench import Cell, load_cell
from gatebench.backends import reference
from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.registry import BACKENDS
from launch.display.text_columns import align
from tests.gatebench.backends.agree import Drawn, draw

CELLS = ("lstm", "gru", "rnn_tanh", "lstm_peephole", "lstm_cifg", "lstm_fgr", "gru_before", "mut1", "slstm")
SHAPES = ((64, 64, 32, 64), (784, 64, 1, 128), (100, 512, 40, 128), (200, 32, 128, 256))
ALLOWED = {"float32": 2e-4, "bfloat16": 1e-1}
"""The largest difference from `reference` in float64, as a part of the largest value of a tensor."""

REPETITIONS, WARM_UP = 15, 3
COMPILED = "compiled step"
CANDIDATES = ("triton", "native", "manual", "reference", COMPILED)

Run = Callable[[Mapping[str, Tensor], Tensor, tuple[Tensor, ...]], LayerResult]


@dataclass(frozen=True)
class GpuCase:
    """One cell at one shape.

    Attributes:
        cell: the cell.
        shape: (T, B, I, H).
        dtype: the name of the torch dtype.
        device: "cuda", or "cpu" in tests.
    """

    cell: Cell
    shape: tuple[int, int, int, int]
    dtype: str
    device: str = "cuda"


def trouble() -> str | None:
    """Return why nothing can be timed here, or None."""
    return None if torch.cuda.is_available() else "bench-gpu needs a CUDA device, and finds none here."


def runners(case: GpuCase) -> dict[str, Run]:
    """Return the candidates that do not refuse the case."""
    T, B, I, H = case.shape  # noqa: E741
    work = Workload(T, B, H if case.cell.definitions.square else I, H, case.dtype, case.device)
    found: dict[str, Run] = {}
    for name in CANDIDATES:
        if name == COMPILED:
            found[name] = _compiled_loop(case.cell)
        elif BACKENDS[name].refuses(case.cell, work) is None:
            found[name] = _runner(name, case.cell)
    return found


def _runner(backend: str, cell: Cell) -> Run:
    return lambda weights, x, state: BACKENDS[backend].run(cell, weights, x, state, None, False)


def _compiled_loop(cell: Cell) -> Run:
    """Return the eager loop, with one step compiled by torch."""

    def step(weights: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        result = reference.run(cell, weights, x, state, None, False)
        return result.output, result.state

    compiled = functools.cache(lambda: torch.compile(step))  # importing its compiler takes seconds

    def loop(weights: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...]) -> LayerResult:
        outputs = []
        for x_t in torch.split(x, 1):
            output, state = compiled()(weights, x_t, state)
            outputs.append(output)
        return LayerResult(torch.cat(outputs), state)

    return loop


def inputs(case: GpuCase, dtype: torch.dtype) -> Drawn:
    """Return seeded inputs on the device that want gradients."""

    def leaf(value: Tensor) -> Tensor:
        rounded = value.to(getattr(torch, case.dtype))  # the reference computes with the same rounded numbers
        return rounded.to(case.device, dtype).requires_grad_()

    weights, x, state = draw(case.cell, *case.shape)
    return {n: leaf(w) for n, w in weights.items()}, leaf(x), tuple(map(leaf, state))


def training_step(run: Run, given: Drawn) -> list[Tensor]:
    """Run forward and backward; return the output and all gradients."""
    weights, x, state = given
    output = run(weights, x, state).output
    # a weighted sum, so that no gradient cancels out
    slope = torch.linspace(0.5, 1.5, output.shape[-1], device=x.device, dtype=x.dtype).expand_as(output)
    torch.autograd.backward([output], [slope])
    found = [output.detach()]
    for leaf in (x, *weights.values()):
        found.append(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad)
        leaf.grad = None
    return found


def disagreement(run: Run, case: GpuCase) -> float:
    """Return the largest difference from the reference in float64, as a part of the largest value of its tensor."""
    wanted = training_step(_runner("reference", case.cell), inputs(case, torch.float64))
    found = training_step(run, inputs(case, getattr(torch, case.dtype)))
    return max(
        float((ours.double() - theirs).abs().max()) / max(float(theirs.abs().max()), 1e-30)
        for ours, theirs in zip(found, wanted, strict=True)
    )


def seconds(runs: Mapping[str, Run], case: GpuCase, repetitions: int = REPETITIONS) -> dict[str, float]:
    """Return the median time of a training step of each candidate."""
    given = inputs(case, getattr(torch, case.dtype))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repetition in range(WARM_UP + repetitions):
        for name, run in runs.items():
            _finish(case.device)
            began = time.perf_counter()
            training_step(run, given)
            _finish(case.device)
            if repetition >= WARM_UP:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) for name, each in times.items()}


def _finish(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def rows(case: GpuCase, repetitions: int = REPETITIONS) -> list[list[str]]:
    """Return a line for each candidate: its difference from the reference, and its time if that is small enough."""
    runs = runners(case)
    outcomes = {name: _outcome(run, case) for name, run in runs.items()}
    agreeing = {name: run for name, run in runs.items() if _agrees(outcomes[name], case)}
    times = seconds(agreeing, case, repetitions)
    start = [case.cell.name, ",".join(map(str, case.shape)), case.dtype]
    return [[*start, name, *_figures(name, outcomes[name], times, case)] for name in runs]


def _outcome(run: Run, case: GpuCase) -> float | str:
    """Return the difference of a candidate, or the name of its error: one failure must not end the benchmark."""
    try:
        return disagreement(run, case)
    except Exception as error:
        return type(error).__name__


def _agrees(outcome: float | str, case: GpuCase) -> bool:
    return isinstance(outcome, float) and outcome <= ALLOWED[case.dtype]


def _figures(name: str, outcome: float | str, times: Mapping[str, float], case: GpuCase) -> list[str]:
    """Return the figures of a line, from the column "difference" on."""
    difference = f"{outcome:.1e}" if isinstance(outcome, float) else outcome
    if name not in times:
        return [difference, "not timed", "–", "–"]
    against = f"{times[name] / times['triton']:.2f}" if "triton" in times else "–"
    return [difference, f"{times[name] * 1e3:.2f} ms", f"{times[name] / case.shape[0] * 1e6:.2f}", against]


HEAD = ["cell", "T,B,I,H", "dtype", "candidate", "difference", "training step", "µs a time step", "times triton's"]


def main(argv: Sequence[str]) -> int:
    """Print the table for the named cells, or for all of `CELLS`."""
    if reason := trouble():
        print(reason, file=sys.stderr)
        return 2
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, CUDA {torch.version.cuda}")
    lines = [HEAD]
    for name in argv or CELLS:
        for shape in SHAPES:
            for dtype in ALLOWED:
                lines += rows(GpuCase(load_cell(name), shape, dtype))
    print(align(lines, "lllrrrrr"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
