"""Whether a backend computes what the reference does in float64: outputs, final states, gates and every gradient."""

from __future__ import annotations

import torch

from gatebench.speed.problem import Problem, Result

TOLERANCE = 2e-4
"""Largest difference in float32, relative to the tensor's largest value; rounding alone gives 1e-6 to 1e-5."""


def truth(problem: Problem, trace: bool) -> Result:
    """Return what the reference computes in float64."""
    return problem.copy(torch.float64).result("reference", trace)


def disagreement(problem: Problem, backend: str, trace: bool, expected: Result) -> str | None:
    """Return where a backend's float32 results differ from the reference, in one sentence; None where they agree."""
    found = problem.copy(torch.float32).result(backend, trace)
    worst, where = 0.0, ""
    for name, wanted in expected.values.items():
        difference = float((found.values[name].double() - wanted).abs().max()) if wanted.numel() else 0.0
        relative = difference / max(float(wanted.abs().max()), 1e-30) if difference else 0.0
        relative = relative if relative == relative else float("inf")  # a NaN is worse than all
        if relative > worst:
            worst, where = relative, name
    if worst <= TOLERANCE:
        return None
    return (
        f"{backend} differs from the reference in {where}: {worst:.1e} of its largest value, allowed {TOLERANCE:.0e}."
    )
