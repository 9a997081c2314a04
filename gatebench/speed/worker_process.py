"""The program that runs a candidate in a separate process; `worker_client.py` starts it and sends it requests.

It is started as `python -m gatebench.speed.worker_process`, and reads and writes one line at a time. The first line is
a JSON object {name, cell, runner, precision, trace, shape, threads, keep_memory}; the answer is {}. Each further line
is a key of `ANSWERS`; the answer is a JSON object. After an error the answer is {error}, and the program ends. Between
two requests it waits for a line and uses no core.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from gatebench.cells import build_cell
from gatebench.machine.allocator import keep_memory
from gatebench.machine.peak_memory import step_peak
from gatebench.speed.agreement import disagreement, reference_result
from gatebench.speed.layer_case import LayerCase
from gatebench.speed.runner import PreparedStep, find_runner
from gatebench.speed.shape import Shape
from gatebench.speed.timing import CLOCKS, step_seconds

_WARM_UP_LENGTH = 2  # time steps of the sequences that warm up


class Worker:
    """A candidate, prepared to run in this process.

    Args:
        order: the candidate's name, the cell's config, the runner's name, precision, trace, shape, threads and
            keep_memory.
    """

    def __init__(self, order: Mapping[str, Any]) -> None:
        if order["keep_memory"]:
            keep_memory()
        self._order, self._runner = order, find_runner(order["runner"], order["precision"])
        self._runner.limit_threads(order["threads"])
        self._shape = Shape.of(order["shape"])
        self._step = self._prepare(self._shape)

    def agreement(self) -> dict[str, Any]:
        """Return a message about where the results differ from those of the reference, or None if they agree."""
        expected = reference_result(self._case(self._shape))
        name, trace, precision = (self._order[key] for key in ("name", "trace", "precision"))
        return {"message": disagreement(name, self._step.result(), expected, trace, precision)}

    def compiled(self) -> dict[str, Any]:
        """Return the seconds that it took to compile the step, or None if it is not compiled for each shape."""
        return {"seconds": self._step.compile_seconds}

    def kept(self) -> dict[str, Any]:
        """Return the number of bytes that torch's autograd keeps between forward and backward, or None without it."""
        return {"bytes": self._step.kept_bytes()}

    def time(self, clock: str) -> dict[str, Any]:
        """Run one repetition, and return the seconds of a training step by a clock of `timing.CLOCKS`."""
        return {"seconds": step_seconds(self._step.run, clock)}

    def peak(self) -> dict[str, Any]:
        """Return the number of bytes by which a training step raises the peak of the resident set."""
        short = Shape(min(_WARM_UP_LENGTH, self._shape.T), self._shape.B, self._shape.I, self._shape.H)
        return {"bytes": step_peak(self._prepare(short).run, self._step.run)}

    def _prepare(self, shape: Shape) -> PreparedStep:
        return self._runner.prepare(self._case(shape), self._order["trace"])

    def _case(self, shape: Shape) -> LayerCase:
        return LayerCase(build_cell(self._order["cell"]), shape)


ANSWERS: Mapping[str, Callable[[Worker], dict[str, Any]]] = {
    "agreement": Worker.agreement,
    "compiled": Worker.compiled,
    "kept": Worker.kept,
    "peak": Worker.peak,
    **{f"{clock} time": partial(Worker.time, clock=clock) for clock in CLOCKS},
}
"""The requests, and the functions that answer them."""


def main() -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that text printed by a library is not read as an answer

    def answer(content: Mapping[str, Any]) -> None:
        print(json.dumps(content), file=answers, flush=True)

    try:
        worker = Worker(json.loads(sys.stdin.readline()))
        answer({})
        for line in sys.stdin:
            answer(ANSWERS[line.strip()](worker))
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {str(error).partition(chr(10))[0].rstrip('.')}"})


if __name__ == "__main__":
    main()
