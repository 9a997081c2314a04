"""Whether a contestant computes what the reference does in float64: outputs, final states, gates, every gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from gatebench.cells import build_cell
from gatebench.speed.benchmark import Candidate
from gatebench.speed.layer_step import LayerCase, StepResult
from gatebench.speed.runner import find_runner
from gatebench.speed.shape import Shape

TOLERANCE = 2e-4
"""Largest difference in float32, relative to the tensor's largest value; rounding alone gives 1e-6 to 1e-5."""


def truth(problem: LayerCase) -> StepResult:
    """Return what the reference computes in float64, with its gates."""
    return problem.copy(torch.float64).result("reference", True)


def disagreement(name: str, found: StepResult, expected: StepResult, trace: bool) -> str | None:
    """Return where results in float32 differ from what is expected, in one sentence; None where they agree.

    Args:
        name: of what computed them.
        found: its results.
        expected: the truth.
        trace: whether the gates count.
    """
    worst, where = 0.0, ""
    for label, wanted in expected.values.items():
        if label.startswith("gate ") and not trace:
            continue
        difference = float((found.values[label].double() - wanted).abs().max()) if wanted.numel() else 0.0
        relative = difference / max(float(wanted.abs().max()), 1e-30) if difference else 0.0
        relative = relative if relative == relative else float("inf")  # a NaN is worse than all
        if relative > worst:
            worst, where = relative, label
    if worst <= TOLERANCE:
        return None
    return f"{name} differs from the reference in {where}: {worst:.1e} of its largest value, allowed {TOLERANCE:.0e}."


class AgreementChecker:
    """Compares each contestant with the truth, and computes the truth once for a cell at a shape.

    The truth is kept for one shape at a time (it may take hundreds of megabytes), a verdict for good.
    """

    def __init__(self) -> None:
        self._shape: Shape | None = None
        self._problems: dict[str, LayerCase] = {}
        self._truths: dict[str, StepResult] = {}
        self._verdicts: dict[tuple[object, ...], str | None] = {}

    def problem(self, cell: Mapping[str, Any], shape: Shape) -> LayerCase:
        """Return the problem that a cell's config and a shape pose."""
        if shape != self._shape:
            self._shape = shape
            self._problems.clear()
            self._truths.clear()
        table = build_cell(cell)
        if table.digest not in self._problems:
            self._problems[table.digest] = LayerCase(table, shape)
        return self._problems[table.digest]

    def disagreement(self, contestant: Candidate, shape: Shape) -> str | None:
        """Return where a contestant differs with torch's present number of threads, or None where it agrees."""
        problem = self.problem(contestant.cell, shape)
        digest = problem.cell.digest
        key = (digest, contestant.runner, contestant.trace, shape, torch.get_num_threads())
        if key not in self._verdicts:
            if digest not in self._truths:
                self._truths[digest] = truth(problem)
            found = find_runner(contestant.runner).ready(problem, contestant.trace).result()
            self._verdicts[key] = disagreement(contestant.name, found, self._truths[digest], contestant.trace)
        return self._verdicts[key]
