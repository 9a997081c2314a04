"""The work of all candidates, generated from a seed."""

import torch

from gatebench import load_cell
from gatebench.speed.layer_case import LayerCase
from gatebench.speed.shape import Shape


def test_the_same_seed_gives_the_same_case_and_a_square_cell_gets_as_many_inputs_as_units() -> None:
    one, other = LayerCase(load_cell("lstm"), Shape(4, 3, 2, 5)), LayerCase(load_cell("lstm"), Shape(4, 3, 2, 5))
    assert torch.equal(one.x, other.x)
    assert all(torch.equal(one.weights[n], other.weights[n]) for n in one.weights)
    assert LayerCase(load_cell("mut1"), Shape(4, 3, 2, 5)).shape.I == 5


def test_flops_are_three_times_the_forward_products() -> None:
    assert LayerCase(load_cell("lstm"), Shape(4, 3, 2, 5)).flops == 3 * 4 * 3 * 2 * 4 * 5 * (2 + 5)


def test_a_training_step_leaves_no_gradient_and_a_result_has_all_of_them() -> None:
    typed = LayerCase(load_cell("lstm"), Shape(4, 3, 2, 5)).to(torch.float32)
    typed.training_step("reference", False)
    assert all(tensor.grad is None for tensor in (typed.x, *typed.initial_state, *typed.weights.values()))
    values = typed.result("reference", True).values
    sources = {"x", "initial h", "initial c", *typed.weights}
    assert set(values) == {"output", "final h", "final c", *(f"gate {g}" for g in "ifgo")} | {
        f"gradient of {name}" for name in sources
    }
