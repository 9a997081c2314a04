"""What counts as agreement with the reference."""

import pytest
import torch

from gatebench import load_cell
from gatebench.speed import agreement
from gatebench.speed.agreement import TOLERANCE, AgreementChecker, disagreement, truth
from gatebench.speed.benchmark import candidates
from gatebench.speed.layer_step import LayerCase, StepResult
from gatebench.speed.shape import Shape

GRU, SHAPE = {"base": "gru"}, Shape(6, 3, 2, 4)
PROBLEM = LayerCase(load_cell("gru"), SHAPE)


def found(trace: bool) -> StepResult:
    return PROBLEM.copy(torch.float32).result("manual", trace)


def test_a_right_backend_agrees() -> None:
    expected = truth(PROBLEM)
    assert {"output", "final h", "gate r", "gradient of x", "gradient of initial h", "gradient of R.n"} <= set(
        expected.values
    )
    assert disagreement("manual", found(True), expected, trace=True) is None
    assert disagreement("manual", found(False), expected, trace=False) is None


@pytest.mark.parametrize("name", ["output", "final h", "gate z", "gradient of x", "gradient of d.n"])
def test_one_wrong_value_anywhere_is_named(name: str) -> None:
    wrong = {n: v.clone() for n, v in truth(PROBLEM).values.items()}
    wrong[name].view(-1)[0] += 3 * TOLERANCE * float(wrong[name].abs().max())
    assert f"manual differs from the reference in {name}:" in (
        disagreement("manual", found(True), StepResult(wrong), trace=True) or ""
    )


def test_a_nan_never_agrees() -> None:
    nan = truth(PROBLEM).values | {"output": torch.full((6, 3, 4), float("nan"))}
    assert disagreement("manual", found(False), StepResult(nan), trace=False) is not None
    assert disagreement("manual", StepResult(found(False).values | {"output": nan["output"]}), truth(PROBLEM), False)


def test_a_judge_computes_the_truth_once_and_asks_again_for_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    truths: list[Shape] = []
    asked: list[str] = []

    def watched(problem: LayerCase) -> StepResult:
        truths.append(problem.shape)
        return truth(problem)

    def agreed(name: str, *given: object) -> None:
        asked.append(name)

    monkeypatch.setattr(agreement, "truth", watched)
    monkeypatch.setattr(agreement, "disagreement", agreed)
    judge, threads = AgreementChecker(), torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            for one in [*candidates(GRU, ["manual", "native"], ["torch"], [False])] * 2:
                assert judge.disagreement(one, SHAPE) is None
    finally:
        torch.set_num_threads(threads)
    assert truths == [SHAPE]
    assert sorted(asked) == sorted(["manual", "native", "torch"] * 2)
    judge.disagreement(one, Shape(3, 3, 2, 4))
    assert truths == [SHAPE, Shape(3, 3, 2, 4)]


def test_a_judge_gives_everybody_the_same_problem() -> None:
    judge = AgreementChecker()
    assert judge.problem(GRU, SHAPE) is judge.problem({"name": "gru", "base": "gru"}, SHAPE)
    assert judge.problem({"base": "mut1"}, SHAPE).shape.I == SHAPE.H
