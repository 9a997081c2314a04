"""A contestant in a process of its own, as `python -m gatebench.speed.worker_process`; `child.py` starts it and asks.

One JSON object a line, in both directions. First comes what to run: {cell, runner, trace, shape, threads, keep}; the
answer is {kept}. Then each line is a word of `ANSWERS`. What fails is answered with {error}. Between two questions this
process waits for a line, and takes no core.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import torch

from gatebench.cells import build_cell
from gatebench.machine.allocator import keep_memory
from gatebench.machine.peak_memory import step_peak
from gatebench.speed.layer_step import LayerCase
from gatebench.speed.measure import burst
from gatebench.speed.runner import Steps, find_runner
from gatebench.speed.shape import Shape

_FEW = 2  # steps of a sequence that warms up


class Worker:
    """What runs here, made ready."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        if order["keep"]:
            keep_memory()
        torch.set_num_threads(order["threads"])
        self._order, self._shape = order, Shape.of(order["shape"])
        self._steps = self._ready(self._shape)

    def kept(self) -> dict[str, Any]:
        """Return the bytes that the forward pass keeps."""
        return {"kept": self._steps.kept()}

    def turn(self) -> dict[str, Any]:
        """Return the seconds of a step in one turn."""
        return {"seconds": burst(self._steps.step)}

    def peak(self) -> dict[str, Any]:
        """Return the bytes by which one step raises the peak of the resident set."""
        few = self._ready(Shape(min(_FEW, self._shape.T), self._shape.B, self._shape.I, self._shape.H))
        return {"bytes": step_peak(few.step, self._steps.step)}

    def _ready(self, shape: Shape) -> Steps:
        problem = LayerCase(build_cell(self._order["cell"]), shape)
        return find_runner(self._order["runner"]).ready(problem, self._order["trace"])


ANSWERS = {"kept": Worker.kept, "turn": Worker.turn, "peak": Worker.peak}
"""What may be asked."""


def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer

    def answer(found: Mapping[str, Any]) -> None:
        print(json.dumps(found), file=answers, flush=True)

    try:
        apart = Worker(json.loads(sys.stdin.readline()))
        answer({})
        for line in sys.stdin:
            answer(ANSWERS[line.strip()](apart))
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {str(error).partition(chr(10))[0].rstrip('.')}"})


if __name__ == "__main__":
    main()
