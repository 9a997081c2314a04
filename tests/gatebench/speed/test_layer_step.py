"""What is run: the same for everybody, drawn from a seed."""

import torch

from gatebench import load_cell
from gatebench.speed.layer_step import LayerCase
from gatebench.speed.shape import Shape


def test_the_same_seed_gives_the_same_problem_and_square_cells_get_a_square() -> None:
    one, other = LayerCase(load_cell("lstm"), Shape(4, 3, 2, 5)), LayerCase(load_cell("lstm"), Shape(4, 3, 2, 5))
    assert torch.equal(one.x, other.x)
    assert all(torch.equal(one.weights[n], other.weights[n]) for n in one.weights)
    assert LayerCase(load_cell("mut1"), Shape(4, 3, 2, 5)).shape.I == 5


def test_flops_are_three_times_the_forward_products() -> None:
    assert LayerCase(load_cell("lstm"), Shape(4, 3, 2, 5)).flops == 3 * 4 * 3 * 2 * 4 * 5 * (2 + 5)


def test_a_step_leaves_no_gradient_and_a_result_has_all_of_them() -> None:
    copy = LayerCase(load_cell("lstm"), Shape(4, 3, 2, 5)).copy(torch.float32)
    copy.step("reference", False)
    assert all(tensor.grad is None for tensor in (copy.x, *copy.state, *copy.weights.values()))
    found = copy.result("reference", True).values
    sources = {"x", "initial h", "initial c", *copy.weights}
    assert set(found) == {"output", "final h", "final c", *(f"gate {g}" for g in "ifgo")} | {
        f"gradient of {name}" for name in sources
    }
