"""Agreement with the reference."""

import pytest
import torch

from gatebench import load_cell
from gatebench.speed import agreement
from gatebench.speed.agreement import TOLERANCES, AgreementChecker, disagreement, reference_result
from gatebench.speed.benchmark import candidates
from gatebench.speed.layer_case import LayerCase, StepResult
from gatebench.speed.shape import Shape

GRU, SHAPE = {"base": "gru"}, Shape(6, 3, 2, 4)
CASE = LayerCase(load_cell("gru"), SHAPE)


def result(trace: bool) -> StepResult:
    return CASE.to(torch.float32).result("manual", trace)


def test_a_right_backend_agrees() -> None:
    expected = reference_result(CASE)
    assert {"output", "final h", "gate r", "gradient of x", "gradient of initial h", "gradient of R.n"} <= set(
        expected.values
    )
    assert disagreement("manual", result(True), expected, trace=True) is None
    assert disagreement("manual", result(False), expected, trace=False) is None


@pytest.mark.parametrize("name", ["output", "final h", "gate z", "gradient of x", "gradient of d.n"])
def test_a_single_wrong_value_is_found_and_named(name: str) -> None:
    wrong = {n: v.clone() for n, v in reference_result(CASE).values.items()}
    wrong[name].view(-1)[0] += 3 * TOLERANCES["32-true"] * float(wrong[name].abs().max())
    assert f"manual differs from the reference in {name}:" in (
        disagreement("manual", result(True), StepResult(wrong), trace=True) or ""
    )


def test_a_nan_never_agrees() -> None:
    nan = reference_result(CASE).values | {"output": torch.full((6, 3, 4), float("nan"))}
    assert disagreement("manual", result(False), StepResult(nan), trace=False) is not None
    assert disagreement(
        "manual", StepResult(result(False).values | {"output": nan["output"]}), reference_result(CASE), False
    )


def test_the_reference_is_computed_once_and_the_check_is_repeated_for_other_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shapes: list[Shape] = []
    checked: list[str] = []

    def watched(case: LayerCase) -> StepResult:
        shapes.append(case.shape)
        return reference_result(case)

    def agreed(name: str, *given: object) -> None:
        checked.append(name)

    monkeypatch.setattr(agreement, "reference_result", watched)
    monkeypatch.setattr(agreement, "disagreement", agreed)
    checker, threads = AgreementChecker(), torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            for candidate in candidates(GRU, ["manual", "native"], ["torch"], [False]) * 2:
                assert checker.disagreement(candidate, SHAPE) is None
    finally:
        torch.set_num_threads(threads)
    assert shapes == [SHAPE]
    assert sorted(checked) == sorted(["manual", "native", "torch"] * 2)
    checker.disagreement(candidate, Shape(3, 3, 2, 4))
    assert shapes == [SHAPE, Shape(3, 3, 2, 4)]


def test_all_candidates_get_the_same_case() -> None:
    checker = AgreementChecker()
    assert checker.case(GRU, SHAPE) is checker.case({"name": "gru", "base": "gru"}, SHAPE)
    assert checker.case({"base": "mut1"}, SHAPE).shape.I == SHAPE.H


def test_products_in_bfloat16_may_differ_more() -> None:
    expected = reference_result(CASE)
    largest = float(expected.values["output"].abs().max())
    off = StepResult(expected.values | {"output": expected.values["output"] + 0.01 * largest})
    assert disagreement("fused bf16-mixed", off, expected, False, "bf16-mixed") is None
    assert "allowed 2e-04" in (disagreement("fused", off, expected, False) or "")
    further = StepResult(expected.values | {"output": expected.values["output"] + 0.1 * largest})
    assert "allowed 5e-02" in (disagreement("fused bf16-mixed", further, expected, False, "bf16-mixed") or "")
