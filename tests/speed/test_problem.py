"""What is run: the same for every backend, drawn from a seed."""

import pytest
import torch

from gatebench import load_cell
from gatebench.errors import UserError
from gatebench.speed.problem import Problem, Shape


def test_a_shape_is_read_and_written() -> None:
    assert Shape.parse("784,64,1,128") == Shape(784, 64, 1, 128)
    assert str(Shape(784, 64, 1, 128)) == "784,64,1,128"


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,x", "0,1,1,1", "-1,1,1,1"])
def test_what_is_no_shape_is_a_mistake(text: str) -> None:
    with pytest.raises(UserError):
        Shape.parse(text)


def test_the_same_seed_gives_the_same_problem_and_square_cells_get_a_square() -> None:
    one, other = Problem(load_cell("lstm"), Shape(4, 3, 2, 5)), Problem(load_cell("lstm"), Shape(4, 3, 2, 5))
    assert torch.equal(one.x, other.x)
    assert all(torch.equal(one.weights[n], other.weights[n]) for n in one.weights)
    assert Problem(load_cell("mut1"), Shape(4, 3, 2, 5)).shape.I == 5


def test_flops_are_three_times_the_forward_products() -> None:
    assert Problem(load_cell("lstm"), Shape(4, 3, 2, 5)).flops == 3 * 4 * 3 * 2 * 4 * 5 * (2 + 5)
