"""What counts as agreement with the reference."""

import pytest
import torch

from gatebench import load_cell
from gatebench.speed.agreement import TOLERANCE, disagreement, truth
from gatebench.speed.problem import Problem, Result, Shape

PROBLEM = Problem(load_cell("gru"), Shape(6, 3, 2, 4))


def test_a_right_backend_agrees() -> None:
    expected = truth(PROBLEM, trace=True)
    assert {"output", "final h", "gate r", "gradient of x", "gradient of initial h", "gradient of R.n"} <= set(
        expected.values
    )
    assert disagreement(PROBLEM, "manual", True, expected) is None


@pytest.mark.parametrize("name", ["output", "final h", "gate z", "gradient of x", "gradient of d.n"])
def test_one_wrong_value_anywhere_is_named(name: str) -> None:
    expected = truth(PROBLEM, trace=True)
    wrong = {n: v.clone() for n, v in expected.values.items()}
    wrong[name].view(-1)[0] += 3 * TOLERANCE * float(wrong[name].abs().max())
    assert f"in {name}:" in (disagreement(PROBLEM, "manual", True, Result(wrong)) or "")


def test_a_nan_never_agrees() -> None:
    expected = truth(PROBLEM, trace=False)
    wrong = expected.values | {"output": torch.full_like(expected.values["output"], float("nan"))}
    assert disagreement(PROBLEM, "manual", False, Result(wrong)) is not None
