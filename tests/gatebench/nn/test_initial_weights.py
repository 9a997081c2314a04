"""Which weights a layer has, and how they start."""

import math

import pytest
import torch
from torch import Tensor

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.errors import UserError
from gatebench.nn.initial_weights import by_name, empty_weights, initialise_weights
from gatebench.nn.recurrent import Recurrent
from gatebench.spec.expression import name
from gatebench.spec.initial_rules import SCALED_WEIGHTS, WEIGHT_KINDS, network_rules

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


def drawn(cell: str | Cell, kind: str, scale: float | None = None, I: int = 2 * H) -> dict[str, Tensor]:  # noqa: E741
    cell = load_cell(cell) if isinstance(cell, str) else cell
    layer = Recurrent(
        cell,
        H if cell.definitions.square else I,
        H,
        steps=30,
        initial_weights=network_rules(kind, scale),
        generator=torch.Generator().manual_seed(0),
    )
    return layer.gate_parameters(0)


@pytest.mark.parametrize("kind", WEIGHT_KINDS)
def test_every_cell_takes_every_kind_and_only_ruled_weights_differ(kind: str) -> None:
    for cell in map(load_cell, cell_names()):
        weights, default = (drawn(cell, one, 0.05 if one in SCALED_WEIGHTS else None) for one in (kind, "default"))
        for each, weight in weights.items():
            assert weight.isfinite().all()
            if each[0] in "WR" and each[0] not in cell.start and weight.dim() == 2:
                assert torch.equal(weight, default[each]) == (kind == "default")


@pytest.mark.parametrize(("kind", "deviation"), [("uniform", 0.08 / math.sqrt(3)), ("normal", 0.08)])
def test_a_scale_holds_for_matrices_and_peepholes_and_not_for_biases(kind: str, deviation: float) -> None:
    for each, weight in drawn("lstm_peephole", kind, 0.08).items():
        if each[0] == "b":
            assert (weight == 0).all()
        else:
            assert weight.std().item() == pytest.approx(deviation, rel=0.25)
            assert kind == "normal" or weight.abs().max() <= 0.08


@pytest.mark.parametrize("kind", ["xavier_uniform", "xavier_normal"])
def test_the_variance_of_xavier_is_2_over_the_sum_of_inputs_and_outputs(kind: str) -> None:
    for each, weight in drawn("lstm", kind).items():
        if each[0] in "WR":  # W is (H, 2 H), R is (H, H)
            assert weight.var().item() == pytest.approx(2 / (3 * H if each[0] == "W" else 2 * H), rel=0.08)
            assert kind == "xavier_normal" or weight.abs().max() <= math.sqrt(6 / sum(weight.shape))


def test_orthogonal_recurrent_matrices_keep_the_norm_of_every_state() -> None:
    weights = drawn("lstm_fgr", "orthogonal")
    recurrent = [weight for each, weight in weights.items() if each[0] == "R"]
    assert len(recurrent) == 13  # four gates, and nine matrices between gates
    for weight in recurrent:
        torch.testing.assert_close(weight @ weight.T, torch.eye(H), atol=1e-5, rtol=0)
    inputs = drawn("lstm_fgr", "xavier_uniform")
    bound = math.sqrt(6 / (3 * H))
    assert all(0.9 * bound < inputs[each].abs().max() <= bound for each in inputs if each[0] == "W")
    assert all(weights[each].abs().max() <= bound for each in weights if each[0] == "W")


def test_the_draw_is_that_of_torch() -> None:
    cell = load_cell("rnn_tanh")
    generator = torch.Generator().manual_seed(0)
    expected = torch.nn.init.orthogonal_(torch.empty(H, H), generator=generator)
    assert torch.equal(drawn(cell, "orthogonal")["R.n"], expected)  # R.n comes before W.n


def test_vectors_have_no_fan_and_a_rule_of_the_cell_comes_first() -> None:
    bound = 1 / math.sqrt(H)
    peephole = drawn("lstm_peephole", "xavier_uniform")["p.i"]
    assert 0.5 * bound < peephole.abs().max() <= bound
    diagonal = drawn(load_cell("indrnn").initialise("R", "orthogonal"), "default")["R.n"]
    assert diagonal.shape == (H,)
    assert diagonal.abs().max() <= bound
    assert torch.equal(drawn("irnn", "orthogonal")["R.n"], torch.eye(H))


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


def test_a_weight_that_torch_computes_from_another_is_found() -> None:
    class Doubled(torch.nn.Module):
        def forward(self, weight: Tensor) -> Tensor:
            return 2 * weight

    cell = load_cell("lstm")
    held = empty_weights(cell, 3, 4)
    for weight in held.parameters():
        weight.data.fill_(1.0)
    torch.nn.utils.parametrize.register_parametrization(held, "W_f", Doubled())
    weights = by_name(cell, held)
    assert torch.equal(weights["W.f"], torch.full((4, 3), 2.0))
    assert torch.equal(weights["W.i"], torch.ones(4, 3))
