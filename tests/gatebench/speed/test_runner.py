"""Backends and torch's module, prepared to run."""

import pytest

from gatebench import load_cell
from gatebench.errors import UserError
from gatebench.speed.agreement import disagreement, reference_result
from gatebench.speed.layer_case import LayerCase
from gatebench.speed.runner import find_runner
from gatebench.speed.shape import Shape

CASE = LayerCase(load_cell("gru"), Shape(6, 3, 2, 4))


@pytest.mark.parametrize("name", ["torch", "reference", "manual", "native"])
def test_a_runner_runs_a_case_that_it_does_not_refuse(name: str) -> None:
    runner = find_runner(name)
    assert runner.refuses(CASE, False) is None
    step = runner.prepare(CASE, False)
    step.run()
    assert disagreement(name, step.result(), reference_result(CASE), trace=False) is None
    assert step.kept_bytes() is not None


def test_a_runner_refuses_where_its_backend_refuses() -> None:
    assert "trace" in (find_runner("native").refuses(CASE, True) or "")
    assert "affine" in (find_runner("scan").refuses(CASE, False) or "")


def test_a_runner_in_another_precision_rounds_and_agrees_less() -> None:
    runner = find_runner("fused", "bf16-mixed")
    assert runner.refuses(CASE, False) is None
    result = runner.prepare(CASE, False).result()
    assert "allowed 2e-04" in (disagreement("fused", result, reference_result(CASE), trace=False) or "")
    assert disagreement("fused", result, reference_result(CASE), False, "bf16-mixed") is None


def test_a_backend_without_products_in_bfloat16_refuses_them() -> None:
    assert find_runner("manual", "bf16-mixed").refuses(CASE, False) == (
        "manual has no matrix products in bfloat16: with bf16-mixed it computes in float32."
    )


def test_an_unknown_runner_is_a_mistake() -> None:
    with pytest.raises(UserError, match="'reference'"):
        find_runner("refrence")
