"""Backends and torch's module, made ready to run."""

import pytest

from gatebench import load_cell
from gatebench.errors import UserError
from gatebench.speed.agreement import disagreement, truth
from gatebench.speed.layer_step import LayerCase
from gatebench.speed.runner import find_runner
from gatebench.speed.shape import Shape

PROBLEM = LayerCase(load_cell("gru"), Shape(6, 3, 2, 4))


@pytest.mark.parametrize("name", ["torch", "reference", "manual", "native"])
def test_a_runner_runs_what_it_does_not_refuse(name: str) -> None:
    runner = find_runner(name)
    assert runner.refuses(PROBLEM, False) is None
    steps = runner.ready(PROBLEM, False)
    steps.step()
    assert disagreement(name, steps.result(), truth(PROBLEM), trace=False) is None
    assert steps.kept() >= 0


def test_a_runner_refuses_for_its_backend() -> None:
    assert "trace" in (find_runner("native").refuses(PROBLEM, True) or "")
    assert "affine" in (find_runner("scan").refuses(PROBLEM, False) or "")


def test_an_unknown_runner_is_a_mistake() -> None:
    with pytest.raises(UserError, match="'reference'"):
        find_runner("refrence")
