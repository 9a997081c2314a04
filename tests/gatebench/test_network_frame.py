"""The parameters of encoder and head, counted in the modules of a task."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from torch import nn

from gatebench.errors import UserError
from gatebench.network_frame import network_frame, trained_parameters
from gatebench.task import Problem, build_task

TASK = {"_target_": "tasks.synthetic.parity.Parity"}


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build_task(MappingProxyType(TASK)).load(Path())


def test_the_frame_has_the_parameters_of_the_modules(problem: Problem) -> None:
    frame = network_frame(replace(problem, encoder=nn.Embedding(10, 3)), "parity")
    assert (frame.inputs, frame.encoder) == (problem.input_size, 30)
    for directions in (1, 2):
        head = trained_parameters(problem.head(11, directions))
        assert frame.parameters(11, directions) == 30 + head


def test_building_the_frame_moves_no_random_number(problem: Problem) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    network_frame(problem, "parity")
    assert torch.equal(torch.rand(3), expected)


def test_weights_that_are_not_trained_do_not_count() -> None:
    layer = nn.Linear(3, 2)
    layer.bias.requires_grad_(False)
    assert trained_parameters(layer) == 6


def test_a_head_that_is_not_linear_in_the_size_is_refused(problem: Problem) -> None:
    square = replace(problem, head=lambda size, directions: nn.Linear(size, size))
    with pytest.raises(UserError, match="head of the task parity has a number of parameters that is not linear"):
        network_frame(square, "parity")
