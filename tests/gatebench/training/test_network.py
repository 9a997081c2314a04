import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from gatebench.errors import Refusal, UserError
from gatebench.network_frame import trained_parameters
from gatebench.task import Batch, Problem
from gatebench.training.network import Network
from gatebench.trial import Model, Trial
from tasks.blocks.objectives import LastStep, accuracy, count_correct, cross_entropy
from tasks.blocks.splits import TensorSplit

DIGITS = {"_target_": "tasks.images.digits.Digits"}


def problem() -> Problem:
    split = TensorSplit(torch.zeros(4, 5, 3), torch.zeros(4, dtype=torch.int64))
    head = partial(LastStep, classes=10)
    return Problem(split, split, split, 3, 5, nn.Identity(), head, cross_entropy, count_correct, accuracy)


def network(cell: str, seed: int = 0, model: Model = Model()) -> Network:  # noqa: B008  (frozen)
    torch.manual_seed(seed)
    return Network(problem(), Trial({"name": cell, "base": cell}, DIGITS, model, seed=seed))


def head(built: Network) -> LastStep:
    assert isinstance(built.head, LastStep)
    return built.head


def test_the_head_reads_both_directions() -> None:
    for directions, bidirectional in ((1, False), (2, True)):
        built = network("gru", model=Model(7, bidirectional=bidirectional))
        assert head(built).linear.in_features == 7 * directions
        assert built(Batch(torch.randn(5, 2, 3), torch.zeros(2))).shape == (2, 10)


def test_under_one_seed_two_cells_have_the_same_head() -> None:
    one, other, third = network("lstm"), network("gru"), network("gru", seed=1)
    assert torch.equal(head(one).linear.weight, head(other).linear.weight)
    assert not torch.equal(head(other).linear.weight, head(third).linear.weight)


def test_the_seed_alone_decides_the_recurrent_weights() -> None:
    def weights(built: Network) -> torch.Tensor:
        return torch.cat([p.flatten() for p in built.recurrent.parameters()])

    assert torch.equal(weights(network("lstm")), weights(network("lstm")))
    assert not torch.equal(weights(network("lstm")), weights(network("lstm", seed=1)))


def test_steps_behind_the_lengths_do_not_count() -> None:
    built = network("lstm")
    x = torch.randn(5, 2, 3)
    changed = x.clone()
    changed[3:, 1] = 9.0
    lengths = torch.tensor([5, 3])
    y = torch.zeros(2)
    assert torch.equal(built(Batch(x, y, lengths)), built(Batch(changed, y, lengths)))


def test_an_architecture_takes_the_place_of_the_recurrent_layers() -> None:
    cell, attention = network("lstm", model=Model(8)), network("attention", model=Model(8, dropout=0.5))
    assert torch.equal(head(cell).linear.weight, head(attention).linear.weight)
    assert (attention.cell, attention.num_layers, attention.backends_used) == (None, 0, ("torch",))
    batch = Batch(torch.randn(5, 2, 3), torch.zeros(2), torch.tensor([5, 3]))
    assert attention(batch).shape == (2, 10)
    with pytest.raises(UserError, match="not made of cells, so it has no gates"):
        attention.forward_with_gates(batch)
    assert network("tcn", model=Model(3, bidirectional=True))(batch).shape == (2, 10)


def test_an_architecture_is_refused_by_a_task_with_several_parts_or_a_carried_state() -> None:
    several = replace(problem(), body=lambda parts: nn.Identity())
    with pytest.raises(Refusal, match="tcn is not a cell, and the network of digits has several recurrent parts"):
        Network(several, Trial({"name": "tcn", "base": "tcn"}, DIGITS))
    with pytest.raises(Refusal, match="tcn is not a cell and has no state, and digits carries the state"):
        Network(replace(problem(), carries_state=True), Trial({"name": "tcn", "base": "tcn"}, DIGITS))


def test_an_embedding_is_a_linear_map_to_h_values() -> None:
    built = network("rnn_tanh", model=Model(7, embed_input=True))
    weight, bias = (built.encoder.get_parameter(f"1.{name}") for name in ("weight", "bias"))
    x = torch.randn(5, 2, 3)
    torch.testing.assert_close(built.encoder(x), x @ weight.T + bias)
    assert built.recurrent.input_size == 7
    assert trained_parameters(built) == (3 + 1) * 7 + (7 + 7 + 1) * 7 + (7 + 1) * 10
    assert all(0.5 / math.sqrt(3) < w.abs().max() <= 1 / math.sqrt(3) for w in (weight, bias))


def test_an_embedding_changes_no_other_weight_and_follows_the_seed() -> None:
    plain, embedded = network("gru", model=Model(3)), network("gru", model=Model(3, embed_input=True))
    assert torch.equal(head(plain).linear.weight, head(embedded).linear.weight)
    for name, weight in plain.recurrent.named_parameters():
        assert torch.equal(weight, embedded.recurrent.get_parameter(name))

    def weight_of(seed: int) -> torch.Tensor:
        return network("gru", seed, Model(3, embed_input=True)).encoder.get_parameter("1.weight")

    assert torch.equal(weight_of(0), weight_of(0))
    assert not torch.equal(weight_of(0), weight_of(1))


def test_cells_that_need_equal_sizes_run_with_an_embedding() -> None:
    mut1 = {"n": {"connect": {"inputs": "off", "plus": "tanh(x)"}}}
    trial = Trial({"name": "mut1", "base": "gru_before", "ablate": mut1}, DIGITS, Model(7, embed_input=True))
    logits = Network(problem(), trial)(Batch(torch.randn(5, 2, 3), torch.zeros(2)))
    assert logits.shape == (2, 10)
    logits.sum().backward()
    with pytest.raises(UserError, match=r"needs I = H; here I = 3 and H = 7. In a trial, model.embed_input=true"):
        Network(problem(), Trial(trial.cell, DIGITS, Model(7)))


def test_the_initial_weights_are_those_of_the_config() -> None:
    built = network("lstm", model=Model(7, num_layers=2, bidirectional=True, initial_weights="orthogonal"))
    for layer, reverse in ((0, False), (0, True), (1, False), (1, True)):
        recurrent = built.recurrent.gate_parameters(layer, reverse)["R.f"]
        torch.testing.assert_close(recurrent @ recurrent.T, torch.eye(7), atol=1e-5, rtol=0)
    scaled = network("lstm", model=Model(50, initial_weights="normal", initial_scale=0.1))
    assert scaled.recurrent.gate_parameters(0)["R.f"].std().item() == pytest.approx(0.1, rel=0.1)
