"""`Recurrent`: the interface of torch.nn.LSTM. T time, B batch, I input, H hidden, D directions."""

import copy
import math
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gatebench import Recurrent, load_cell
from gatebench.backends import fused
from gatebench.errors import UserError
from gatebench.machine.c_compiler import trouble
from tests.gatebench.nn.layers import build, inputs, parts, passed, start


def close(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("settings", [{}, {"batch_first": True}, {"num_layers": 2, "bidirectional": True}])
@pytest.mark.parametrize(("cell", "kind"), [("lstm", nn.LSTM), ("gru", nn.GRU), ("rnn_tanh", nn.RNN)])
def test_shapes_and_order_are_those_of_torch(cell: str, kind: type[nn.RNNBase], settings: dict[str, Any]) -> None:
    ours, theirs = build(cell, **settings), kind(3, 2, **settings).double()  # type: ignore[arg-type]
    x = inputs(ours)
    output, state = ours(x)
    expected, final = theirs(x)
    assert output.shape == expected.shape
    assert isinstance(state, Tensor) == isinstance(final, Tensor)
    assert [part.shape for part in parts(state)] == [part.shape for part in parts(final)]
    again, _ = ours(x, state)
    assert not torch.equal(again, output)


def test_batch_first_swaps_x_and_output_but_not_the_state() -> None:
    layer = build("lstm_peephole", num_layers=2)
    turned = copy.deepcopy(layer)
    turned.batch_first = True
    x, state = inputs(layer), passed(layer, start(layer))
    output, final = layer(x, state)
    swapped, same = turned(x.transpose(0, 1), state)
    assert torch.equal(swapped, output.transpose(0, 1))
    assert all(torch.equal(one, other) for one, other in zip(parts(final), parts(same), strict=True))


def test_each_layer_reads_the_output_of_the_layer_below() -> None:
    layer = build("gru", num_layers=2)
    lower, upper = build("gru"), build("gru", I=2)
    for single, number in ((lower, 0), (upper, 1)):
        for name, weight in single.gate_parameters(0).items():
            weight.data = layer.gate_parameters(number)[name].data
    x, (state,) = inputs(layer), start(layer)
    middle, first = lower(x, state[:1])
    top, second = upper(middle, state[1:])
    output, final = layer(x, state)
    close(output, top)
    assert isinstance(final, Tensor)
    close(final, torch.cat([first, second]))


@pytest.mark.parametrize("lengths", [None, torch.tensor([3, 5, 1])])
def test_the_reverse_direction_reads_each_sequence_from_its_last_step_to_its_first(lengths: Tensor | None) -> None:
    layer, backwards = build("lstm_peephole", bidirectional=True), build("lstm_peephole")
    for name, weight in backwards.gate_parameters(0).items():
        weight.data = layer.gate_parameters(0, reverse=True)[name].data
    x, state = inputs(layer), start(layer)
    output, final, gates = layer.trace(x, state, lengths, backend="reference")
    for b in range(3):
        length = 5 if lengths is None else int(lengths[b])
        own = tuple(part[1:, b : b + 1] for part in state)
        expected, end, traced = backwards.trace(x[:length, b : b + 1].flip(0), own, backend="reference")
        close(output[:length, b : b + 1, 2:], expected.flip(0))
        close(gates[0]["f"][:length, b : b + 1, 2:], traced[0]["f"].flip(0))
        for ours, theirs in zip(parts(final), parts(end), strict=True):
            close(ours[1:, b : b + 1], theirs)


def test_trace_returns_the_results_of_forward_and_every_gate_by_layer() -> None:
    layer = build("lstm_attention_input", num_layers=2, bidirectional=True)
    x, lengths = inputs(layer), torch.tensor([3, 5, 1])
    output, final, gates = layer.trace(x, lengths=lengths, backend="reference")
    expected, state = layer(x, lengths=lengths)
    assert torch.equal(output, expected)
    assert all(torch.equal(one, other) for one, other in zip(parts(final), parts(state), strict=True))
    widths = {number: {gate: values.shape[2] for gate, values in traced.items()} for number, traced in gates.items()}
    # D · H, but for the attention over the I elements of the input.
    assert widths == {0: {"a": 6, "i": 4, "f": 4, "g": 4, "o": 4}, 1: {"a": 8, "i": 4, "f": 4, "g": 4, "o": 4}}


def test_a_trace_does_not_change_backends_used() -> None:
    layer = build("lstm", backend="native")
    layer(inputs(layer))
    assert layer.backends_used == ("native",)
    layer.trace(inputs(layer), backend="reference")
    assert layer.backends_used == ("native",)


@pytest.mark.parametrize("lengths", [None, torch.tensor([3, 5, 1])])
@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}])
@pytest.mark.parametrize(
    ("cell", "backend"),
    [("mingru", "scan"), *product(["lstm", "gru"], ["fused", "native", "manual", "reference", "auto"])],
)
def test_with_gates_the_results_are_those_of_forward_to_the_last_bit(
    cell: str, backend: str, settings: dict[str, Any], lengths: Tensor | None
) -> None:
    layer = build(cell, backend=backend, dtype=torch.float32, H=7, **settings).eval()
    x = inputs(layer, T=19, B=3)
    with torch.inference_mode():
        expected, state = layer(x, lengths=lengths)
        used = layer.backends_used
        output, final, gates = layer.forward_with_gates(x, lengths=lengths)
        _, _, traced = layer.trace(x, lengths=lengths, backend="auto")
    assert torch.equal(output, expected)
    assert all(torch.equal(one, other) for one, other in zip(parts(final), parts(state), strict=True))
    assert layer.backends_used == used
    if backend == "native":
        assert layer.gate_backends_used == ("reference" if trouble("fused") else "fused",)
    else:
        assert layer.gate_backends_used == used
    for number, values in traced.items():
        for gate, expected_gate in values.items():
            for b, length in enumerate([19] * 3 if lengths is None else lengths.tolist()):
                torch.testing.assert_close(gates[number][gate][:length, b], expected_gate[:length, b])


def test_without_a_compiled_backend_the_gates_follow_from_the_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = build("lstm", backend="native", bidirectional=True)
    x, lengths = inputs(layer), torch.tensor([3, 5, 1])
    expected = layer.forward_with_gates(x, lengths=lengths)[2]
    monkeypatch.setattr(fused, "refuses", lambda cell, work: "It cannot.")
    found = layer.forward_with_gates(x, lengths=lengths)[2]
    assert layer.backends_used == ("native",)
    assert layer.gate_backends_used == ("reference",)
    for gate, values in expected[0].items():
        for b, length in enumerate(lengths.tolist()):
            torch.testing.assert_close(found[0][gate][:length, b], values[:length, b], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backend", ["reference", "native", "fused"])
def test_lengths_of_all_steps_are_no_lengths(backend: str) -> None:
    layer = build("lstm", backend=backend, bidirectional=True)
    x = inputs(layer)
    found = []
    for lengths in (None, torch.full(x.shape[1:2], len(x))):
        output, state = layer(x, lengths=lengths)
        found.append([output, *parts(state), *torch.autograd.grad(output.square().sum(), list(layer.parameters()))])
    assert all(torch.equal(ours, same) for ours, same in zip(*found, strict=True))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_lengths_may_have_any_integer_dtype(dtype: torch.dtype, backend: str) -> None:
    layer = build("lstm", bidirectional=True, backend=backend)
    x = inputs(layer)
    expected, _ = layer(x, lengths=torch.tensor([3, 5, 1]))
    assert torch.equal(layer(x, lengths=torch.tensor([3, 5, 1], dtype=dtype))[0], expected)
    assert torch.equal(layer(x, lengths=[3, 5, 1])[0], expected)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_inputs_need_not_be_contiguous(backend: str) -> None:
    layer = build("lstm", backend=backend)
    x, state = inputs(layer), start(layer)
    expected, _ = layer(x, state)
    wide = torch.stack([x, x], -1)[..., 0]
    wide_state = tuple(torch.stack([part, part], -1)[..., 0] for part in state)
    assert not wide.is_contiguous()
    assert torch.equal(layer(wide, wide_state)[0], expected)


def test_dropout_acts_between_layers_and_in_training_only() -> None:
    single, double = build("gru", dropout=0.5), build("gru", num_layers=2, dropout=0.5)
    x = inputs(single)
    assert torch.equal(single(x)[0], single(x)[0]), "one layer has nothing between layers"
    assert not torch.equal(double(x)[0], double(x)[0])
    double.eval()
    assert torch.equal(double(x)[0], double(x)[0])
    without = build("gru", num_layers=2)
    assert torch.equal(double(x)[0], without(x)[0])


def test_the_state_includes_the_gates_that_the_next_step_reads() -> None:
    layer = build("lstm_fgr")
    x, state = inputs(layer), start(layer)
    output, final = layer(x, state)
    assert len(parts(final)) == 5
    half, between = layer(x[:2], state)
    rest, end = layer(x[2:], between)
    close(torch.cat([half, rest]), output)
    for one, other in zip(parts(end), parts(final), strict=True):
        close(one, other)
    _, _, gates = layer.trace(x, state, backend="reference")
    for gate, value in zip(("i", "f", "o"), parts(final)[2:], strict=True):
        close(gates[0][gate][-1], value[0])


def test_without_a_state_the_initial_values_are_those_of_the_cell() -> None:
    layer = build("slstm")
    x = inputs(layer)
    shape = (1, 3, 2)
    given = tuple(torch.full(shape, -1e30 if name == "m" else 0.0, dtype=torch.float64) for name in layer.cell.memory)
    assert torch.equal(layer(x)[0], layer(x, given)[0])
    assert layer(x)[0].isfinite().all()


def test_the_stabiliser_of_slstm_changes_nothing() -> None:
    """(c, n, m) and (c e^-k, n e^-k, m + k) are the same state."""
    layer = build("slstm")
    x, (h, c, n, m) = inputs(layer), start(layer)
    scale = math.exp(-3.0)
    close(layer(x, (h, c * scale, n * scale, m + 3.0))[0], layer(x, (h, c, n, m))[0])


@pytest.mark.parametrize("cell", ["lstm_fgr", "gru_before", "slstm", "lstm_attention_input"])
def test_the_reference_can_be_differentiated_twice(cell: str) -> None:
    layer = build(cell)
    x = inputs(layer, T=2, B=1).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: layer(x)[0], [x], fast_mode=True)


def test_weights_have_the_names_of_the_table() -> None:
    layer = Recurrent(load_cell("lstm_cifg"), 8, 16, num_layers=2)
    shapes = {name: tuple(weight.shape) for name, weight in layer.gate_parameters(0).items()}
    assert shapes["W.i"] == (16, 8)
    assert shapes["R.i"] == (16, 16)
    assert shapes["b.i"] == shapes["p.i"] == (16,)
    assert not [name for name in shapes if name.endswith(".f")]
    assert layer.gate_parameters(1)["W.i"].shape == (16, 16)
    held = {id(weight) for number in (0, 1) for weight in layer.gate_parameters(number).values()}
    assert held == {id(weight) for weight in layer.parameters()}


def test_initial_weights_depend_on_the_generator_only() -> None:
    def weights(seed: int) -> list[Tensor]:
        torch.manual_seed(seed + 100)
        layer = Recurrent(load_cell("gru"), 3, 4, 2, bidirectional=True, generator=torch.Generator().manual_seed(seed))
        return list(layer.parameters())

    assert all(torch.equal(one, other) for one, other in zip(weights(0), weights(0), strict=True))
    assert not torch.equal(weights(0)[0], weights(1)[0])
    assert not torch.equal(weights(0)[0], weights(0)[len(weights(0)) // 2])


def test_a_cell_without_weights_runs() -> None:
    layer = Recurrent(load_cell("gru").fix("z", 1), 3, 2, backend="reference")
    assert list(layer.parameters()) == []
    state = torch.ones(1, 4, 2)
    output, final = layer(torch.zeros(5, 4, 3), state)
    assert (output == 1).all()
    assert torch.equal(parts(final)[0], state)
    silent = Recurrent(load_cell("lstm").fix("o", 0), 3, 2, backend="reference")
    output, _ = silent(torch.zeros(5, 4, 3))
    assert (output == 0).all()


def test_repr_names_the_cell_the_sizes_and_the_backend() -> None:
    assert "lstm_cifg, I=3, H=2, layers=1, backend=reference" in repr(build("lstm_cifg"))


def test_a_packed_sequence_is_refused() -> None:
    packed = torch.nn.utils.rnn.pack_padded_sequence(torch.zeros(3, 2, 4), torch.tensor([3, 1]))
    with pytest.raises(UserError, match="x is a PackedSequence; it must be a padded tensor, with lengths= beside it"):
        Recurrent(load_cell("lstm"), 4, 5)(packed)


def test_a_cell_with_a_constant_state_that_is_read_is_refused() -> None:
    cell = load_cell("lstm").fix("i", 0).fix("f", 0)
    with pytest.raises(UserError, match="cannot be run: an ablation makes its state c 0 in every step"):
        Recurrent(cell, 3, 4)
