"""The parameters of encoder and head, counted in the modules of a task."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from torch import nn

from gatebench.errors import UserError
from gatebench.network_frame import network_frame, trained_parameters
from gatebench.task import Problem, build_task
from tasks.blocks.every_step import EveryStep

TASK = {"_target_": "tasks.synthetic.parity.Parity"}


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build_task(MappingProxyType(TASK)).load(Path())


@pytest.mark.parametrize("directions", [1, 2])
def test_the_frame_has_the_parameters_of_the_modules(problem: Problem, directions: int) -> None:
    frame = network_frame(replace(problem, encoder=nn.Embedding(10, 3)), "parity", directions)
    assert (frame.inputs, frame.encoder) == (problem.input_size, 30)
    assert frame.parameters(11) == 30 + trained_parameters(problem.head(11, directions))


def test_a_task_that_predicts_later_inputs_has_a_frame_for_one_direction(problem: Problem) -> None:
    causal = replace(problem, head=partial(EveryStep, outputs=88, causal=True))
    assert network_frame(causal, "music", 1).parameters(11) == 88 * 12
    with pytest.raises(UserError, match=r"model\.bidirectional is true, but this task predicts later inputs"):
        network_frame(causal, "music", 2)


def test_building_the_frame_moves_no_random_number(problem: Problem) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    network_frame(problem, "parity", 1)
    assert torch.equal(torch.rand(3), expected)


def test_weights_that_are_not_trained_do_not_count() -> None:
    layer = nn.Linear(3, 2)
    layer.bias.requires_grad_(False)
    assert trained_parameters(layer) == 6


def test_a_head_that_is_not_linear_in_the_size_is_refused(problem: Problem) -> None:
    square = replace(problem, head=lambda size, directions: nn.Linear(size, size))
    with pytest.raises(UserError, match="head of the task parity has a number of parameters that is not linear"):
        network_frame(square, "parity", 1)
