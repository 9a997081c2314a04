"""Which weights a layer has, and how they start."""

import math

import pytest
import torch
from torch import Tensor

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.errors import UserError
from gatebench.nn.initial_weights import by_name, empty_weights, initialise_weights
from gatebench.spec.expression import name

H = 50


def started(cell: str | Cell, seed: int = 0, steps: int | None = 30, I: int = H) -> dict[str, Tensor]:  # noqa: E741
    cell = load_cell(cell) if isinstance(cell, str) else cell
    weights = by_name(cell, empty_weights(cell, I, H))
    for weight in weights.values():
        weight.data.fill_(float("nan"))
    initialise_weights(cell, weights, H, torch.Generator().manual_seed(seed), steps)
    return weights


@pytest.mark.parametrize("name", cell_names())
def test_every_weight_is_filled_and_follows_the_seed_alone(name: str) -> None:
    torch.manual_seed(1)
    weights = started(name)
    assert all(weight.isfinite().all() for weight in weights.values())
    torch.manual_seed(2)
    again, other = started(name), started(name, seed=1)
    assert all(torch.equal(again[each], weight) for each, weight in weights.items())
    assert any(not torch.equal(other[each], weight) for each, weight in weights.items())


@pytest.mark.parametrize("name", ["lstm_peephole", "gru"])
def test_matrices_and_peepholes_are_uniform_and_biases_zero_unless_the_table_says_else(name: str) -> None:
    bound = 1 / math.sqrt(H)
    for each, weight in started(name, I=3).items():
        if each[0] in "bd":
            assert (weight == 0).all()
        else:
            assert weight.abs().max() <= bound
            assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.25)
            assert weight.mean().abs() < 0.3 * bound


def test_rules_by_letter() -> None:
    irnn = started("irnn", I=400)
    assert torch.equal(irnn["R.n"], torch.eye(H))
    assert irnn["W.n"].std().item() == pytest.approx(0.001, rel=0.05)
    indrnn = started("indrnn")["R.n"]
    assert indrnn.shape == (H,)
    assert 0 <= indrnn.min() < 0.1
    assert 0.9 < indrnn.max() <= 1
    assert (started(load_cell("indrnn").initialise("R", "identity"))["R.n"] == 1).all()


def test_biases_that_are_numbers() -> None:
    weights = started(load_cell("lstm_b").bias("o", -2))
    assert [set(weights[f"b.{gate}"].tolist()) for gate in "ifgo"] == [{0.0}, {1.0}, {0.0}, {-2.0}]


def test_chrono_biases_are_logs_of_uniform_time_scales_and_the_input_gate_mirrors_them() -> None:
    weights = started("lstm_chrono", steps=785)
    scales = weights["b.f"].exp()
    assert 1 <= scales.min() < 100
    assert 684 < scales.max() <= 784.1
    assert torch.equal(weights["b.i"], -weights["b.f"])
    assert (started("lstm_chrono", steps=2)["b.f"] == 0).all()
    assert started("janet", steps=785)["b.s"].exp().max() > 600


def test_a_negated_bias_is_filled_after_the_other_in_any_order_of_the_gates() -> None:
    for gate, other in (("f", "i"), ("i", "f")):
        weights = started(load_cell("lstm").bias(gate, f"-{other}").bias(other, 3))
        assert (weights[f"b.{gate}"] == -3).all()


def test_equal_equations_start_equal_however_the_table_is_ordered() -> None:
    lstm = load_cell("lstm")
    turned = Cell("turned", "a test", lstm.states, dict(reversed(list(lstm.gates.items()))), lstm.update)
    ours, theirs = started(lstm), started(turned)
    assert list(ours) != list(theirs)
    assert all(torch.equal(ours[each], theirs[each]) for each in ours)


@pytest.mark.parametrize("steps", [None, 0, 1])
def test_chrono_needs_the_longest_length(steps: int | None) -> None:
    with pytest.raises(UserError, match="A chrono bias needs the longest sequence length, steps=T of at least 2"):
        started("lstm_chrono", steps=steps)


def test_weights_are_named_and_shaped_as_the_table_says() -> None:
    cell = load_cell("lstm_peephole")
    held = empty_weights(cell, 3, 2, dtype=torch.float64)
    weights = by_name(cell, held)
    assert {each: tuple(weight.shape) for each, weight in weights.items() if each.endswith(".f")} == {
        "W.f": (2, 3),
        "R.f": (2, 2),
        "b.f": (2,),
        "p.f": (2,),
    }
    assert {weight.dtype for weight in weights.values()} == {torch.float64}
    assert {id(weight) for weight in held.parameters()} == {id(weight) for weight in weights.values()}


def test_sizes_that_a_cell_cannot_have_are_refused() -> None:
    with pytest.raises(UserError, match="mut1 adds its input to hidden units, so it needs I = H; here I = 3 and H = 2"):
        empty_weights(load_cell("mut1"), 3, 2)


def test_weights_that_would_share_a_name_are_refused() -> None:
    gates = {"a": Gate(), "b": Gate(gates=("a",)), "a_b": Gate()}
    cell = Cell("mine", "a test", ("h",), gates, (name("a") * name("b") * name("a_b"),))
    with pytest.raises(UserError, match="mine has weights that would share a name"):
        empty_weights(cell, 3, 2)
