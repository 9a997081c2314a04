"""Whether the results of a candidate agree with those of the reference in float64.

Compared are the output, the final states, the recorded gates and every gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from gatebench.cells import build_cell
from gatebench.speed.benchmark import Candidate
from gatebench.speed.layer_case import LayerCase, StepResult
from gatebench.speed.runner import find_runner
from gatebench.speed.shape import Shape
from gatebench.training_settings import FULL_PRECISION

TOLERANCES = {FULL_PRECISION: 2e-4, "bf16-mixed": 5e-2}
"""By precision: the largest difference allowed, relative to the largest value of the tensor.

Rounding alone gives differences of 1e-6 to 1e-5 in float32, and of up to 2e-2 with products in bfloat16.
"""


def reference_result(case: LayerCase) -> StepResult:
    """Return the results of the reference in float64, with its gates."""
    return case.to(torch.float64).result("reference", True)


def disagreement(
    name: str, result: StepResult, expected: StepResult, trace: bool, precision: str = FULL_PRECISION
) -> str | None:
    """Return a message about the largest difference between two results, or None if they agree.

    Args:
        name: the name of the candidate, for the message.
        result: its results in float32.
        expected: the results of the reference.
        trace: whether the gates are compared too.
        precision: of the results, a key of `TOLERANCES`.
    """
    largest, largest_name = 0.0, ""
    for value_name, value in expected.values.items():
        if value_name.startswith("gate ") and not trace:
            continue
        difference = float((result.values[value_name].double() - value).abs().max()) if value.numel() else 0.0
        relative = difference / max(float(value.abs().max()), 1e-30) if difference else 0.0
        relative = relative if relative == relative else float("inf")  # NaN counts as the largest difference
        if relative > largest:
            largest, largest_name = relative, value_name
    if largest <= TOLERANCES[precision]:
        return None
    return (
        f"{name} differs from the reference in {largest_name}: {largest:.1e} of its largest value, "
        f"allowed {TOLERANCES[precision]:.0e}."
    )


class AgreementChecker:
    """Compares candidates with the reference. It computes the reference once for each cell and shape.

    It keeps the results of the reference for one shape at a time, because they can take hundreds of megabytes. It keeps
    the messages for all shapes.
    """

    def __init__(self) -> None:
        self._shape: Shape | None = None
        self._cases: dict[str, LayerCase] = {}
        self._reference_results: dict[str, StepResult] = {}
        self._messages: dict[tuple[object, ...], str | None] = {}

    def case(self, cell: Mapping[str, Any], shape: Shape) -> LayerCase:
        """Return the layer and the input that all candidates with this cell run at this shape.

        Args:
            cell: the config of the cell, as `build_cell` takes it.
            shape: the sizes.
        """
        if shape != self._shape:
            self._shape = shape
            self._cases.clear()
            self._reference_results.clear()
        built = build_cell(cell)
        if built.digest not in self._cases:
            self._cases[built.digest] = LayerCase(built, shape)
        return self._cases[built.digest]

    def disagreement(self, candidate: Candidate, shape: Shape) -> str | None:
        """Return a message about where a candidate differs from the reference, or None if it agrees.

        The candidate runs with torch's current number of threads; each number is checked separately.
        """
        case = self.case(candidate.cell, shape)
        digest = case.cell.digest
        key = (digest, candidate.runner, candidate.precision, candidate.trace, shape, torch.get_num_threads())
        if key not in self._messages:
            if digest not in self._reference_results:
                self._reference_results[digest] = reference_result(case)
            result = find_runner(candidate.runner, candidate.precision).prepare(case, candidate.trace).result()
            expected = self._reference_results[digest]
            self._messages[key] = disagreement(candidate.name, result, expected, candidate.trace, candidate.precision)
        return self._messages[key]
