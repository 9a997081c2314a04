from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatebench.errors import Refusal
from gatebench.training.network import Network
from gatebench.training.truncation_check import check_truncation
from gatebench.trial import Trial
from tests.gatebench.training.sign import TRIAL

SIZES = {"training": 8, "validation": 4, "test": 4}
REBER = {"_target_": "tasks.synthetic.reber.Reber", **SIZES}
SELECTIVE = {"_target_": "tasks.synthetic.selective_copying.SelectiveCopying", **SIZES, "length": 20, "memorize": 4}


def checked(trial: Trial, chunk: int) -> None:
    trial = replace(trial, training=replace(trial.training, tbptt=chunk, backend="reference"))
    problem = trial.build_task().load(Path())
    check_truncation(Network(problem, trial), trial, problem)


def test_a_task_with_a_target_at_the_last_step_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        checked(TRIAL, 4)
    assert str(caught.value) == (
        "training.tbptt=4 would train only on the last 4 steps of sign, whose targets come at the end of a sequence; "
        "set training.tbptt=0, or choose a task with a target at every step."
    )


@pytest.mark.parametrize("chunk", [0, 6, 100])
def test_no_chunk_or_a_single_one_is_allowed(chunk: int) -> None:
    checked(TRIAL, chunk)


@pytest.mark.parametrize("chunk", [1, 3, 20])
def test_a_task_with_a_target_at_every_step_is_allowed(chunk: int) -> None:
    checked(replace(TRIAL, task=REBER), chunk)


def test_a_task_with_some_targets_is_allowed_if_they_belong_to_several_chunks() -> None:
    trial: Any = replace(TRIAL, task=SELECTIVE)
    checked(trial, 2)
    with pytest.raises(Refusal, match="of selective_copying"):
        checked(trial, 20)
